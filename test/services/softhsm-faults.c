/*
 * A PKCS#11 module in front of another one (POSTERN_FAULTS_MODULE) that does, at the calls a test names, what no healthy
 * token does. At each call of a function it reads the rules in the file POSTERN_FAULTS_RULES, a line each:
 *
 *   FUNCTION ACTION COUNT      at the next COUNT calls of FUNCTION; -1: at all
 *
 * ACTION is a return code in hex, `hang` (never returns), `wait` (half a second first) or `crash`; C_GetTokenInfo also has
 * `flags+HEX` (those flags are set besides its own), C_Encrypt `over+HEX` and C_Decrypt `as+HEX` (see there). A crash or a hang with a COUNT takes all
 * rules with it. FUNCTION may be followed by /HEX: only with that mechanism.
 * Every call of a function is counted in POSTERN_FAULTS_CALLS, a line each: what was asked of a token is seen from there.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CK_PTR *
#define CK_DECLARE_FUNCTION(returnType, name) returnType name
#define CK_DECLARE_FUNCTION_POINTER(returnType, name) returnType(*name)
#define CK_CALLBACK_FUNCTION(returnType, name) returnType(*name)
#ifndef NULL_PTR
#define NULL_PTR 0
#endif
#include "pkcs11.h"

#define NOTHING ((CK_ULONG)-1)
#define MAX_RULES 64

struct rule {
  char function[64];
  char action[32];
  CK_ULONG mechanism;
  long left;
};

static CK_FUNCTION_LIST_PTR real;
static CK_FUNCTION_LIST faulty;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct rule rules[MAX_RULES];
static int rule_count;
static struct timespec rules_written;
static off_t rules_size = -1;

static void read_rules(void) {
  const char *path = getenv("POSTERN_FAULTS_RULES");
  struct stat now;
  if (!path || stat(path, &now)) { rule_count = 0; rules_size = -1; return; }
  if (now.st_size == rules_size && !memcmp(&now.st_mtim, &rules_written, sizeof rules_written)) return;
  rules_size = now.st_size;
  rules_written = now.st_mtim;
  rule_count = 0;
  FILE *file = fopen(path, "r");
  if (!file) return;
  char line[160];
  while (rule_count < MAX_RULES && fgets(line, sizeof line, file)) {
    struct rule *rule = &rules[rule_count];
    if (sscanf(line, "%63s %31s %ld", rule->function, rule->action, &rule->left) != 3) continue;
    char *slash = strchr(rule->function, '/');
    rule->mechanism = slash ? strtoul(slash + 1, NULL, 16) : NOTHING;
    if (slash) *slash = 0;
    rule_count++;
  }
  fclose(file);
}

static void count_call(const char *function) {
  const char *path = getenv("POSTERN_FAULTS_CALLS");
  int file = path ? open(path, O_WRONLY | O_APPEND | O_CREAT, 0600) : -1;
  if (file < 0) return;
  dprintf(file, "%s\n", function);
  close(file);
}

/* What ends the process, or a thread of it, must not wait for the process that takes its place. */
static void forget_rules(void) {
  const char *path = getenv("POSTERN_FAULTS_RULES");
  if (path) unlink(path);
}

/* The action for this call, or an empty text. */
static void action_of(const char *function, CK_ULONG mechanism, char action[32]) {
  int forever = 0;
  action[0] = 0;
  pthread_mutex_lock(&mutex);
  read_rules();
  for (int at = 0; at < rule_count; at++) {
    struct rule *rule = &rules[at];
    if (rule->left == 0 || strcmp(rule->function, function)) continue;
    if (rule->mechanism != NOTHING && rule->mechanism != mechanism) continue;
    if (rule->left > 0) rule->left--;
    strcpy(action, rule->action);
    forever = rule->left < 0;
    break;
  }
  pthread_mutex_unlock(&mutex);
  if (!forever && (!strcmp(action, "crash") || !strcmp(action, "hang"))) forget_rules();
}

/* CKR_OK: go on to the real module. */
static CK_RV perform(const char *function, const char *action) {
  count_call(function);
  if (!action[0] || strchr(action, '+')) return CKR_OK;
  if (!strcmp(action, "crash")) raise(SIGSEGV);
  if (!strcmp(action, "hang")) for (;;) pause();
  if (!strcmp(action, "wait")) { usleep(500000); return CKR_OK; }
  return strtoul(action, NULL, 16);
}

static CK_RV before(const char *function, CK_ULONG mechanism) {
  char action[32];
  action_of(function, mechanism, action);
  return perform(function, action);
}

#define PASS(name, params, args) \
  static CK_RV my_##name params { \
    CK_RV rv = before(#name, NOTHING); \
    return rv == CKR_OK ? real->name args : rv; \
  }
#define PASS_MECHANISM(name, params, args) \
  static CK_RV my_##name params { \
    CK_RV rv = before(#name, m ? m->mechanism : NOTHING); \
    return rv == CKR_OK ? real->name args : rv; \
  }

PASS(C_Initialize, (CK_VOID_PTR a), (a))
PASS(C_Finalize, (CK_VOID_PTR a), (a))
PASS(C_GetSlotList, (CK_BBOOL p, CK_SLOT_ID_PTR l, CK_ULONG_PTR n), (p, l, n))
PASS(C_OpenSession, (CK_SLOT_ID s, CK_FLAGS f, CK_VOID_PTR a, CK_NOTIFY n, CK_SESSION_HANDLE_PTR h), (s, f, a, n, h))
PASS(C_CloseSession, (CK_SESSION_HANDLE h), (h))
PASS(C_GetSessionInfo, (CK_SESSION_HANDLE h, CK_SESSION_INFO_PTR i), (h, i))
PASS(C_Login, (CK_SESSION_HANDLE h, CK_USER_TYPE u, CK_UTF8CHAR_PTR p, CK_ULONG n), (h, u, p, n))
PASS(C_FindObjectsInit, (CK_SESSION_HANDLE h, CK_ATTRIBUTE_PTR t, CK_ULONG n), (h, t, n))
PASS(C_DestroyObject, (CK_SESSION_HANDLE h, CK_OBJECT_HANDLE o), (h, o))
PASS(C_GetAttributeValue, (CK_SESSION_HANDLE h, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_PTR t, CK_ULONG n), (h, o, t, n))
PASS(C_Sign, (CK_SESSION_HANDLE h, CK_BYTE_PTR d, CK_ULONG n, CK_BYTE_PTR o, CK_ULONG_PTR l), (h, d, n, o, l))
PASS(C_Verify, (CK_SESSION_HANDLE h, CK_BYTE_PTR d, CK_ULONG n, CK_BYTE_PTR o, CK_ULONG l), (h, d, n, o, l))
PASS(C_GenerateRandom, (CK_SESSION_HANDLE h, CK_BYTE_PTR d, CK_ULONG n), (h, d, n))
PASS_MECHANISM(C_EncryptInit, (CK_SESSION_HANDLE h, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE k), (h, m, k))
PASS_MECHANISM(C_DecryptInit, (CK_SESSION_HANDLE h, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE k), (h, m, k))
PASS_MECHANISM(C_SignInit, (CK_SESSION_HANDLE h, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE k), (h, m, k))
PASS_MECHANISM(C_VerifyInit, (CK_SESSION_HANDLE h, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE k), (h, m, k))
PASS_MECHANISM(C_GenerateKey, (CK_SESSION_HANDLE h, CK_MECHANISM_PTR m, CK_ATTRIBUTE_PTR t, CK_ULONG n,
                               CK_OBJECT_HANDLE_PTR k), (h, m, t, n, k))
PASS_MECHANISM(C_GenerateKeyPair, (CK_SESSION_HANDLE h, CK_MECHANISM_PTR m, CK_ATTRIBUTE_PTR a, CK_ULONG an,
                                   CK_ATTRIBUTE_PTR b, CK_ULONG bn, CK_OBJECT_HANDLE_PTR u, CK_OBJECT_HANDLE_PTR r),
               (h, m, a, an, b, bn, u, r))
PASS_MECHANISM(C_WrapKey, (CK_SESSION_HANDLE h, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE w, CK_OBJECT_HANDLE k,
                           CK_BYTE_PTR o, CK_ULONG_PTR n), (h, m, w, k, o, n))
PASS_MECHANISM(C_UnwrapKey, (CK_SESSION_HANDLE h, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE w, CK_BYTE_PTR d, CK_ULONG n,
                             CK_ATTRIBUTE_PTR t, CK_ULONG tn, CK_OBJECT_HANDLE_PTR k), (h, m, w, d, n, t, tn, k))

/* `over+HEX`: more bytes than that are too many for one call. */
static CK_RV my_C_Encrypt(CK_SESSION_HANDLE h, CK_BYTE_PTR d, CK_ULONG n, CK_BYTE_PTR o, CK_ULONG_PTR l) {
  char action[32];
  action_of("C_Encrypt", NOTHING, action);
  if (!strncmp(action, "over+", 5)) {
    if (n > strtoul(action + 5, NULL, 16)) return CKR_DATA_LEN_RANGE;
    return real->C_Encrypt(h, d, n, o, l);
  }
  CK_RV rv = perform("C_Encrypt", action);
  return rv == CKR_OK ? real->C_Encrypt(h, d, n, o, l) : rv;
}

/* `as+HEX`: what fails by itself fails with that code, as a vendor's own would. */
static CK_RV my_C_Decrypt(CK_SESSION_HANDLE h, CK_BYTE_PTR d, CK_ULONG n, CK_BYTE_PTR o, CK_ULONG_PTR l) {
  char action[32];
  action_of("C_Decrypt", NOTHING, action);
  if (!strncmp(action, "as+", 3)) {
    CK_RV rv = real->C_Decrypt(h, d, n, o, l);
    return rv == CKR_OK ? rv : strtoul(action + 3, NULL, 16);
  }
  CK_RV rv = perform("C_Decrypt", action);
  return rv == CKR_OK ? real->C_Decrypt(h, d, n, o, l) : rv;
}

static CK_RV my_C_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO_PTR token) {
  char action[32];
  count_call("C_GetTokenInfo");
  action_of("C_GetTokenInfo", NOTHING, action);
  if (action[0] && strncmp(action, "flags+", 6)) return strtoul(action, NULL, 16);
  CK_RV rv = real->C_GetTokenInfo(slot, token);
  if (rv == CKR_OK && action[0]) token->flags |= strtoul(action + 6, NULL, 16);
  return rv;
}

#define TAKE(name) faulty.name = my_##name

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list) {
  if (!real) {
    const char *path = getenv("POSTERN_FAULTS_MODULE");
    void *module = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    CK_C_GetFunctionList get = module ? (CK_C_GetFunctionList)dlsym(module, "C_GetFunctionList") : NULL;
    if (!get || get(&real) != CKR_OK) return CKR_GENERAL_ERROR;
    faulty = *real;
    TAKE(C_Initialize); TAKE(C_Finalize); TAKE(C_GetSlotList); TAKE(C_GetTokenInfo); TAKE(C_OpenSession);
    TAKE(C_CloseSession); TAKE(C_GetSessionInfo); TAKE(C_Login); TAKE(C_FindObjectsInit); TAKE(C_DestroyObject);
    TAKE(C_GetAttributeValue); TAKE(C_Encrypt); TAKE(C_Decrypt); TAKE(C_Sign); TAKE(C_Verify); TAKE(C_GenerateRandom);
    TAKE(C_EncryptInit); TAKE(C_DecryptInit); TAKE(C_SignInit); TAKE(C_VerifyInit); TAKE(C_GenerateKey);
    TAKE(C_GenerateKeyPair); TAKE(C_WrapKey); TAKE(C_UnwrapKey);
  }
  *list = &faulty;
  return CKR_OK;
}
