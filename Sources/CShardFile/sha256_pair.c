#include "sha256_pair.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>
#include <pthread.h>
#include <string.h>

#define SHA __attribute__((target("sha,ssse3,sse4.1")))

enum { BLOCK = 64 };

// The first 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4, 4.2.2).
static const uint32_t constants[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

// The state as the instructions want it, highest word first: a b e f, and c d g h.
typedef struct {
  __m128i abef, cdgh;
} state;

// A message under way: its whole blocks, and then its padding.
typedef struct {
  decant_sha256_message *message;
  state state;
  const uint8_t *next;
  size_t blocks;  // from `next` on
  int is_padding;
  uint8_t padding[2 * BLOCK];
} lane;

SHA static inline __attribute__((always_inline)) void compress(lane *const *lanes, const int width,
                                                               size_t blocks) {
  const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bll, 0x0405060700010203ll);
  state states[2];
  const uint8_t *next[2];
  for (int l = 0; l < width; l++) {
    states[l] = lanes[l]->state;
    next[l] = lanes[l]->next;
  }
  for (size_t block = 0; block < blocks; block++) {
    __m128i words[2][4];
    state before[2];
    for (int l = 0; l < width; l++) before[l] = states[l];
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i++) {
      const __m128i added = _mm_load_si128((const __m128i *)constants + i);
#pragma clang loop unroll(full)
      for (int l = 0; l < width; l++) {
        __m128i *w = words[l];
        if (i < 4) {
          w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)next[l] + i), swap);
        } else {
          const __m128i last = w[(i + 3) & 3];
          const __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w[i & 3], w[(i + 1) & 3]),
                                            _mm_alignr_epi8(last, w[(i + 2) & 3], 4));
          w[i & 3] = _mm_sha256msg2_epu32(sum, last);
        }
        const __m128i round = _mm_add_epi32(w[i & 3], added);
        states[l].cdgh = _mm_sha256rnds2_epu32(states[l].cdgh, states[l].abef, round);
        states[l].abef = _mm_sha256rnds2_epu32(states[l].abef, states[l].cdgh,
                                               _mm_shuffle_epi32(round, 0x0e));
      }
    }
    for (int l = 0; l < width; l++) {
      states[l].abef = _mm_add_epi32(states[l].abef, before[l].abef);
      states[l].cdgh = _mm_add_epi32(states[l].cdgh, before[l].cdgh);
      next[l] += BLOCK;
    }
  }
  for (int l = 0; l < width; l++) {
    lanes[l]->state = states[l];
    lanes[l]->next = next[l];
    lanes[l]->blocks -= blocks;
  }
}

SHA static void compress_one(lane *const *lanes, size_t blocks) { compress(lanes, 1, blocks); }

SHA static void compress_two(lane *const *lanes, size_t blocks) { compress(lanes, 2, blocks); }

SHA static void begin(lane *l, decant_sha256_message *message) {
  l->message = message;
  // The first 32 bits of the fractional parts of the square roots of the first 8 primes.
  l->state.abef = _mm_set_epi32(0x6a09e667, (int)0xbb67ae85, 0x510e527f, (int)0x9b05688c);
  l->state.cdgh = _mm_set_epi32(0x3c6ef372, (int)0xa54ff53a, 0x1f83d9ab, 0x5be0cd19);
  l->next = message->bytes;
  l->blocks = message->size / BLOCK;
  l->is_padding = 0;
}

// Goes on to the padding: a bit, zeros, and the length in bits.
static void pad(lane *l) {
  const size_t rest = l->message->size % BLOCK;
  const size_t blocks = rest + 9 > BLOCK ? 2 : 1;
  memset(l->padding, 0, sizeof l->padding);
  if (rest > 0) memcpy(l->padding, l->message->bytes + (l->message->size - rest), rest);
  l->padding[rest] = 0x80;
  const uint64_t bits = (uint64_t)l->message->size * 8;
  for (size_t i = 0; i < 8; i++) l->padding[blocks * BLOCK - 1 - i] = (uint8_t)(bits >> 8 * i);
  l->next = l->padding;
  l->blocks = blocks;
  l->is_padding = 1;
}

static void write_digest(lane *l) {
  uint32_t abef[4], cdgh[4];
  memcpy(abef, &l->state.abef, sizeof abef);
  memcpy(cdgh, &l->state.cdgh, sizeof cdgh);
  const uint32_t words[8] = {abef[3], abef[2], cdgh[3], cdgh[2], abef[1], abef[0], cdgh[1], cdgh[0]};
  for (int i = 0; i < 8; i++) {
    const uint32_t word = __builtin_bswap32(words[i]);
    memcpy(l->message->digest + 4 * i, &word, sizeof word);
  }
}

static int has_instructions;

// Asked once: in a virtual machine the question costs as much as a thousand rounds.
static void ask_processor(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1)) return;
  has_instructions = __get_cpuid_count(7, 0, &a, &b, &c, &d) && b >> 29 & 1;
}

int decant_sha256_messages(decant_sha256_message *messages, size_t count) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, ask_processor);
  if (!has_instructions) return 1;
  lane storage[2], *lanes[2] = {storage, storage + 1};
  size_t live = 0, next = 0;
  for (;;) {
    while (live < 2 && next < count) begin(lanes[live++], messages + next++);
    if (live == 0) return 0;
    for (size_t i = 0; i < live; i++) {
      if (lanes[i]->blocks == 0 && !lanes[i]->is_padding) pad(lanes[i]);
    }
    if (live == 2) {
      const size_t blocks =
          lanes[0]->blocks < lanes[1]->blocks ? lanes[0]->blocks : lanes[1]->blocks;
      compress_two(lanes, blocks);
    } else {
      compress_one(lanes, lanes[0]->blocks);
    }
    for (size_t i = live; i-- > 0;) {
      if (lanes[i]->blocks > 0 || !lanes[i]->is_padding) continue;
      write_digest(lanes[i]);
      lane *const ended = lanes[i];
      lanes[i] = lanes[--live];
      lanes[live] = ended;
    }
  }
}

#else

int decant_sha256_messages(decant_sha256_message *messages, size_t count) {
  (void)messages, (void)count;
  return 1;
}

#endif
