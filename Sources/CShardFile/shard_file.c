#include "CShardFile.h"

#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

enum { AHEAD_BYTES = 64 << 10 };

// A file of the system's VFS, and the bytes that were read ahead. The system's part follows.
typedef struct {
  sqlite3_file base;
  sqlite3_int64 size;       // of the file when it was opened
  sqlite3_int64 next;       // where a read in order would begin
  sqlite3_int64 ahead;      // place of the bytes in `bytes`
  int count;                // how many there are
  unsigned char *bytes;     // AHEAD_BYTES, or null as long as nothing was read in order
} shard_file;

static sqlite3_vfs *inner_vfs;
static sqlite3_vfs shard_vfs;

static size_t inner_place(void) { return (sizeof(shard_file) + 15) / 16 * 16; }

static sqlite3_file *inner(sqlite3_file *file) {
  return (sqlite3_file *)((unsigned char *)file + inner_place());
}

static int close_file(sqlite3_file *file) {
  sqlite3_free(((shard_file *)file)->bytes);
  return inner(file)->pMethods->xClose(inner(file));
}

// Fills the buffer from a place on; leaves it empty where that fails.
static void read_ahead(shard_file *file, sqlite3_int64 place) {
  file->count = 0;
  if (!file->bytes) file->bytes = sqlite3_malloc(AHEAD_BYTES);
  if (!file->bytes) return;
  const sqlite3_int64 left = file->size - place;
  const int count = left < AHEAD_BYTES ? (int)left : AHEAD_BYTES;
  sqlite3_file *source = inner(&file->base);
  if (source->pMethods->xRead(source, file->bytes, count, place) != SQLITE_OK) return;
  file->ahead = place;
  file->count = count;
}

static int read_file(sqlite3_file *base, void *out, int count, sqlite3_int64 place) {
  shard_file *file = (shard_file *)base;
  const int is_next = place == file->next && place + count <= file->size;
  file->next = place + count;
  int is_there = place >= file->ahead && place + count <= file->ahead + file->count;
  if (!is_there && is_next && count < AHEAD_BYTES) {
    read_ahead(file, place);
    is_there = count <= file->count;
  }
  if (!is_there) return inner(base)->pMethods->xRead(inner(base), out, count, place);
  memcpy(out, file->bytes + (place - file->ahead), (size_t)count);
  return SQLITE_OK;
}

static int write_file(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 place) {
  (void)file, (void)bytes, (void)count, (void)place;
  return SQLITE_READONLY;
}

static int truncate_file(sqlite3_file *file, sqlite3_int64 size) {
  (void)file, (void)size;
  return SQLITE_READONLY;
}

static int sync_file(sqlite3_file *file, int flags) {
  (void)file, (void)flags;
  return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size) {
  return inner(file)->pMethods->xFileSize(inner(file), size);
}

static int lock_file(sqlite3_file *file, int level) {
  return inner(file)->pMethods->xLock(inner(file), level);
}

static int unlock_file(sqlite3_file *file, int level) {
  return inner(file)->pMethods->xUnlock(inner(file), level);
}

static int check_lock(sqlite3_file *file, int *is_locked) {
  return inner(file)->pMethods->xCheckReservedLock(inner(file), is_locked);
}

static int control_file(sqlite3_file *file, int what, void *argument) {
  return inner(file)->pMethods->xFileControl(inner(file), what, argument);
}

static int sector_size(sqlite3_file *file) {
  return inner(file)->pMethods->xSectorSize(inner(file));
}

static int characteristics(sqlite3_file *file) {
  return inner(file)->pMethods->xDeviceCharacteristics(inner(file));
}

// Version 1, which has neither shared memory nor a memory map.
static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = file_size,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_lock,
    .xFileControl = control_file,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
};

static int open_file(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *base, int flags,
                     int *out_flags) {
  (void)vfs;
  // What SQLite keeps for itself meanwhile is none of ours.
  if (!(flags & SQLITE_OPEN_MAIN_DB)) {
    return inner_vfs->xOpen(inner_vfs, name, base, flags, out_flags);
  }
  shard_file *file = (shard_file *)base;
  memset(file, 0, sizeof *file);
  file->next = -1;
  int code = inner_vfs->xOpen(inner_vfs, name, inner(base), flags, out_flags);
  if (code == SQLITE_OK) {
    code = inner(base)->pMethods->xFileSize(inner(base), &file->size);
    if (code != SQLITE_OK) inner(base)->pMethods->xClose(inner(base));
  }
  if (code == SQLITE_OK) base->pMethods = &methods;
  return code;
}

static void enroll(void) {
  inner_vfs = sqlite3_vfs_find(NULL);
  if (!inner_vfs) return;
  // All but the opening of files is the system's, whose functions get their own data along.
  shard_vfs = *inner_vfs;
  shard_vfs.zName = "decant-shard";
  shard_vfs.pNext = NULL;
  shard_vfs.szOsFile = (int)inner_place() + inner_vfs->szOsFile;
  shard_vfs.xOpen = open_file;
  if (sqlite3_vfs_register(&shard_vfs, 0) != SQLITE_OK) shard_vfs.zName = NULL;
}

const char *decant_shard_vfs(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, enroll);
  return shard_vfs.zName;
}
