#include <sodium.h>

#if defined(__linux__)
#include <sys/prctl.h>

// Swift imports no variadic functions, and prctl is one.
static inline int csodium_set_dumpable(int dumpable) { return prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0); }
static inline int csodium_get_dumpable(void) { return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0); }
#endif
