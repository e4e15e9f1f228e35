// A Vault server for tests: the real core, HTTP API, storage, secrets engine and logins of the release in go.mod, without
// the command line, the web interface and what talks to clouds, which together take minutes to build.
//
//	vault-server CONFIG.hcl
package main

import (
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	kv "github.com/hashicorp/vault-plugin-secrets-kv"
	"github.com/hashicorp/vault/audit"
	"github.com/hashicorp/vault/builtin/audit/file"
	"github.com/hashicorp/vault/builtin/credential/approle"
	"github.com/hashicorp/vault/builtin/credential/cert"
	"github.com/hashicorp/vault/command/server"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/internalshared/configutil"
	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/sdk/logical"
	physical "github.com/hashicorp/vault/sdk/physical/file"
	"github.com/hashicorp/vault/vault"
)

var engines = map[string]logical.Factory{"kv": kv.Factory}

var logins = map[string]logical.Factory{"approle": approle.Factory, "cert": cert.Factory}

// Stricter than this and slow clients would be cut off by the server, not by their own time-outs.
const headerTimeout = 10 * time.Second

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "vault-server:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) != 1 {
		return fmt.Errorf("needs the path of a configuration")
	}
	config, err := server.LoadConfigFile(arguments[0])
	if err != nil {
		return err
	}
	logger := hclog.New(&hclog.LoggerOptions{Name: "vault", Output: os.Stderr, Level: hclog.Info})
	core, err := openCore(config, logger)
	if err != nil {
		return err
	}
	for _, listener := range config.Listeners {
		if err := serve(core, config, listener, logger); err != nil {
			return err
		}
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	<-stop
	return core.Shutdown()
}

func openCore(config *server.Config, logger hclog.Logger) (*vault.Core, error) {
	storage, err := physical.NewFileBackend(config.Storage.Config, logger.Named("storage"))
	if err != nil {
		return nil, err
	}
	return vault.NewCore(&vault.CoreConfig{
		RawConfig:          config,
		Physical:           storage,
		StorageType:        config.Storage.Type,
		RedirectAddr:       config.APIAddr,
		Logger:             logger,
		DisableMlock:       config.DisableMlock,
		DefaultLeaseTTL:    config.DefaultLeaseTTL,
		MaxLeaseTTL:        config.MaxLeaseTTL,
		ClusterName:        config.ClusterName,
		BuiltinRegistry:    builtins{},
		LogicalBackends:    engines,
		CredentialBackends: logins,
		AuditBackends:      map[string]audit.Factory{"file": file.Factory},
	})
}

func serve(core *vault.Core, config *server.Config, options *configutil.Listener, logger hclog.Logger) error {
	listener, _, _, err := server.NewListener(options, os.Stderr, nil)
	if err != nil {
		return err
	}
	handler := vaulthttp.Handler.Handler(&vault.HandlerProperties{Core: core, ListenerConfig: options})
	web := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout, ErrorLog: logger.StandardLogger(nil)}
	go func() { logger.Error("listener ended", "error", web.Serve(listener)) }()
	logger.Info("listening", "address", listener.Addr().String())
	return nil
}

// builtins is the server's catalogue of what was compiled in.
type builtins struct{}

func (builtins) factories(kind consts.PluginType) map[string]logical.Factory {
	switch kind {
	case consts.PluginTypeSecrets:
		return engines
	case consts.PluginTypeCredential:
		return logins
	}
	return nil
}

func (b builtins) Get(name string, kind consts.PluginType) (func() (interface{}, error), bool) {
	factory, ok := b.factories(kind)[name]
	return func() (interface{}, error) { return factory, nil }, ok
}

func (b builtins) Contains(name string, kind consts.PluginType) bool {
	_, ok := b.factories(kind)[name]
	return ok
}

func (b builtins) Keys(kind consts.PluginType) (names []string) {
	for name := range b.factories(kind) {
		names = append(names, name)
	}
	return names
}

func (builtins) DeprecationStatus(string, consts.PluginType) (consts.DeprecationStatus, bool) {
	return consts.Supported, true
}

func (builtins) IsBuiltinEntPlugin(string, consts.PluginType) bool { return false }
