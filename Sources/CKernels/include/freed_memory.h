#pragma once

/// Lets malloc keep so many bytes of freed memory, and take arrays of at most `mapped` bytes from it.
/// Does nothing where the C library is not glibc.
void decant_keep_freed_memory(int bytes, int mapped);
