#pragma once

#include "sha256_pair.h"

/// The name of a VFS of SQLite that reads sealed shards, or a null pointer where SQLite has no memory
/// for it. Any thread may call it.
///
/// SQLite asks for a page at a time, each with a system call; shards have pages of 1,024 bytes, and a
/// stream is some hundred of them, one after the other. This one reads ahead where pages are asked for
/// in order. It is for files that nobody writes: nothing is written, and what was read is not read
/// again. It has no memory map.
const char *decant_shard_vfs(void);
