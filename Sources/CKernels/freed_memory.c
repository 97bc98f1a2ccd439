#include "freed_memory.h"

#include <stdlib.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

void decant_keep_freed_memory(int bytes, int mapped) {
#ifdef __GLIBC__
  mallopt(M_TRIM_THRESHOLD, bytes);
  mallopt(M_MMAP_THRESHOLD, mapped);
#else
  (void)bytes;
  (void)mapped;
#endif
}
