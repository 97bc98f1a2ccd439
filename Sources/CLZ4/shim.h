#pragma once
#include <lz4.h>
#include <lz4frame.h>

// Options of a reader that compares a digest of its own and so needs no checksum of LZ4's; liblz4
// before 1.9.4 computes it all the same.
static inline LZ4F_decompressOptions_t decant_lz4_options(void) {
  LZ4F_decompressOptions_t options = {0};
#if LZ4_VERSION_NUMBER >= 10904
  options.skipChecksums = 1;
#endif
  return options;
}
