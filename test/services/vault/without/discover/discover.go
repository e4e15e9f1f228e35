// Package discover stands in for the search for raft peers in a dozen clouds: their clients would be half the build.
package discover

import (
	"errors"
	"log"
)

type (
	Provider interface{}
	Discover struct{}
	Option   func(*Discover) error
)

var Providers = map[string]Provider{}

func New(...Option) (*Discover, error) { return &Discover{}, nil }

func WithProviders(map[string]Provider) Option { return nil }

func (*Discover) Addrs(string, *log.Logger) ([]string, error) {
	return nil, errors.New("this build finds no peers in clouds")
}
