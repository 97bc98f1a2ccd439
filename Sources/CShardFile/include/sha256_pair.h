#pragma once

#include <stddef.h>
#include <stdint.h>

/// A message and its SHA-256.
typedef struct {
  const uint8_t *bytes;
  size_t size;
  uint8_t digest[32];
} decant_sha256_message;

/// Computes the digests of some messages, two at a time, which takes hardly longer than one: each round
/// waits for the one before it, and processors can begin another meanwhile. The longest should come
/// first. Returns 1, and computes nothing, where the processor has no instructions for SHA-256.
int decant_sha256_messages(decant_sha256_message *messages, size_t count);
