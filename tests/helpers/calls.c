/* Records the calls that change files below a folder, or makes one of them fail. Preloaded into any process.
 *
 * CALLS_BELOW    the folder, absolute and resolved
 * CALLS_LOG      file to append a record to for each call that succeeded: a line of fields parted by tabs, then the data
 * CALLS_COUNTS   file of counters, shared by all processes: how many calls of each kind there were, and how many failed
 * CALLS_FAIL     KIND:N:ERRNO:LAST, the calls of a kind to fail, from the N-th to the LAST; ERRNO 0 is a short write
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum kind { OPEN, WRITE, SYNC, CLOSE, RENAME, MKDIR, UNLINK, TRUNCATE, KINDS };
static const char *NAMES[] = {"open", "write", "fsync", "close", "rename", "mkdir", "unlink", "ftruncate"};

static char below[PATH_MAX];
static size_t length;
static const char *log_path;
static uint64_t *counts; /* one per kind, then the number of failed calls */
static int fail_kind = -1, fail_errno;
static uint64_t fail_first, fail_last;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) void calls_begin(void) {
    const char *folder = getenv("CALLS_BELOW"), *file = getenv("CALLS_COUNTS"), *spec = getenv("CALLS_FAIL");
    if (!folder) return;
    length = snprintf(below, sizeof below, "%s", folder);
    log_path = getenv("CALLS_LOG");
    int fd = file ? syscall(SYS_openat, AT_FDCWD, file, O_RDWR | O_CLOEXEC) : -1;
    if (fd >= 0) {
        counts = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        syscall(SYS_close, fd);
    }
    char name[20];
    unsigned long first, last;
    if (spec && sscanf(spec, "%19[^:]:%lu:%d:%lu", name, &first, &fail_errno, &last) == 4) {
        fail_first = first, fail_last = last;
        for (int kind = 0; kind < KINDS; kind++)
            if (!strcmp(NAMES[kind], name)) fail_kind = kind;
    }
}

static int is_below(const char *path) {
    return length && !strncmp(path, below, length) && (path[length] == '/' || !path[length]);
}

/* The path of an open file; empty if it is not below the folder. */
static const char *path_of(int fd, char *path) {
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int saved = errno;
    ssize_t size = length ? readlink(link, path, PATH_MAX - 1) : -1;
    errno = saved;
    path[size < 0 ? 0 : size] = 0;
    return is_below(path) ? path : "";
}

/* An absolute path; empty if it is not below the folder. */
static const char *full(int folder, const char *name, char *path) {
    char base[PATH_MAX] = "";
    int saved = errno;
    if (!length) return "";
    if (name[0] != '/') {
        if (folder == AT_FDCWD) {
            if (syscall(SYS_getcwd, base, sizeof base) < 0) base[0] = 0;
        } else {
            char link[40];
            snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
            ssize_t size = readlink(link, base, sizeof base - 1);
            base[size < 0 ? 0 : size] = 0;
        }
    }
    errno = saved;
    if (snprintf(path, PATH_MAX, "%s%s%s", base, name[0] == '/' ? "" : "/", name) >= PATH_MAX) return "";
    return is_below(path) ? path : "";
}

/* Whether this call is to fail; counts it. */
static int fails(enum kind kind) {
    if (!counts) return 0;
    uint64_t number = __atomic_add_fetch(&counts[kind], 1, __ATOMIC_SEQ_CST);
    if ((int)kind != fail_kind || number < fail_first || number > fail_last) return 0;
    __atomic_add_fetch(&counts[KINDS], 1, __ATOMIC_SEQ_CST);
    errno = fail_errno;
    return 1;
}

static void note(const char *what, unsigned long inode, const char *path, const char *other, long long offset,
                 const void *data, size_t size) {
    if (!log_path) return;
    static int fd = -1;
    int saved = errno;
    char line[3 * PATH_MAX];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int head = snprintf(line, sizeof line, "%s\t%lu\t%s\t%s\t%lld\t%lld\t%zu\n", what, inode, path, other, offset,
                        (long long)now.tv_sec * 1000000000 + now.tv_nsec, size);
    struct iovec parts[] = {{line, head}, {(void *)data, size}};
    for (int attempt = 0; attempt < 2; attempt++) {
        if (fd < 0) {
            int low = syscall(SYS_openat, AT_FDCWD, log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
            fd = syscall(SYS_fcntl, low, F_DUPFD_CLOEXEC, 700);
            syscall(SYS_close, low);
        }
        if (syscall(SYS_writev, fd, parts, size ? 2 : 1) >= 0) break;
        fd = -1; /* somebody closed it */
    }
    errno = saved;
}

static unsigned long inode_of(int fd) {
    struct stat found;
    int saved = errno, failed = fstat(fd, &found);
    errno = saved;
    return failed ? 0 : found.st_ino;
}

static int exists(const char *path) {
    struct stat found;
    int saved = errno, failed = lstat(path, &found);
    errno = saved;
    return !failed;
}

static int opened(int folder, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    int changes = (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC);
    const char *known = changes && (flags & O_TMPFILE) != O_TMPFILE ? full(folder, name, path) : "";
    if (*known && fails(OPEN)) return -1;
    int was = *known && exists(known);
    int fd = syscall(SYS_openat, folder, name, flags, mode);
    if (*known && fd >= 0) {
        if (!was) note("create", inode_of(fd), known, "", 0, NULL, 0);
        else if (flags & O_TRUNC) note("truncate", inode_of(fd), known, "", 0, NULL, 0);
    }
    return fd;
}

#define MODE(flags)                                            \
    mode_t mode = 0;                                           \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                     \
        va_list rest;                                          \
        va_start(rest, flags);                                 \
        mode = va_arg(rest, mode_t);                           \
        va_end(rest);                                          \
    }
int open(const char *name, int flags, ...) { MODE(flags) return opened(AT_FDCWD, name, flags, mode); }
int open64(const char *name, int flags, ...) { MODE(flags) return opened(AT_FDCWD, name, flags, mode); }
int openat(int folder, const char *name, int flags, ...) { MODE(flags) return opened(folder, name, flags, mode); }
int openat64(int folder, const char *name, int flags, ...) { MODE(flags) return opened(folder, name, flags, mode); }
int creat(const char *name, mode_t mode) { return opened(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int __open_2(const char *name, int flags) { return opened(AT_FDCWD, name, flags, 0); }
int __open64_2(const char *name, int flags) { return opened(AT_FDCWD, name, flags, 0); }

/* What is left of a write that is to fail: -1, or the number of bytes to write of a short one. */
#define CHECK_WRITE(fd, size)                                                      \
    char path[PATH_MAX];                                                           \
    const char *known = path_of(fd, path);                                         \
    if (*known && fails(WRITE)) {                                                  \
        if (fail_errno) return -1;                                                 \
        size = size > 1 ? size / 2 : size;                                         \
    }

static ssize_t wrote(int fd, const char *known, ssize_t done, long long offset, const void *data) {
    if (*known && done > 0) {
        if (offset < 0) offset = lseek(fd, 0, SEEK_CUR) - done;
        note("write", inode_of(fd), known, "", offset, data, done);
    }
    return done;
}

ssize_t write(int fd, const void *data, size_t size) {
    CHECK_WRITE(fd, size)
    return wrote(fd, known, syscall(SYS_write, fd, data, size), -1, data);
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
    CHECK_WRITE(fd, size)
    return wrote(fd, known, syscall(SYS_pwrite64, fd, data, size, offset), offset, data);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) { return pwrite(fd, data, size, offset); }
ssize_t writev(int fd, const struct iovec *parts, int count) {
    char path[PATH_MAX];
    if (!*path_of(fd, path)) return syscall(SYS_writev, fd, parts, count);
    for (int part = 0; part < count; part++) /* the caller goes on after a short write */
        if (parts[part].iov_len) return write(fd, parts[part].iov_base, parts[part].iov_len);
    return 0;
}

static int synced(int fd, int call) {
    char path[PATH_MAX];
    const char *known = path_of(fd, path);
    if (*known && fails(SYNC)) return -1;
    int failed = syscall(call, fd);
    if (*known && !failed) note("fsync", inode_of(fd), known, "", 0, NULL, 0);
    return failed;
}
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }
int syncfs(int fd) {
    int failed = syscall(SYS_syncfs, fd);
    if (!failed) note("syncfs", 0, "", "", 0, NULL, 0);
    return failed;
}

int close(int fd) {
    char path[PATH_MAX];
    const char *known = path_of(fd, path);
    int failing = *known && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY && fails(CLOSE);
    int failed = syscall(SYS_close, fd);
    if (failing) errno = fail_errno;
    return failing ? -1 : failed;
}

int renameat2(int from, const char *old, int to, const char *new, unsigned flags) {
    char old_path[PATH_MAX], new_path[PATH_MAX];
    const char *old_known = full(from, old, old_path), *new_known = full(to, new, new_path);
    if (*new_known && fails(RENAME)) return -1;
    int failed = syscall(SYS_renameat2, from, old, to, new, flags);
    if (!failed && (*old_known || *new_known)) note("rename", 0, old_known, new_known, 0, NULL, 0);
    return failed;
}
int rename(const char *old, const char *new) { return renameat2(AT_FDCWD, old, AT_FDCWD, new, 0); }
int renameat(int from, const char *old, int to, const char *new) { return renameat2(from, old, to, new, 0); }

int mkdirat(int folder, const char *name, mode_t mode) {
    char path[PATH_MAX];
    const char *known = full(folder, name, path);
    if (*known && fails(MKDIR)) return -1;
    int failed = syscall(SYS_mkdirat, folder, name, mode);
    if (*known && !failed) note("mkdir", 0, known, "", 0, NULL, 0);
    return failed;
}
int mkdir(const char *name, mode_t mode) { return mkdirat(AT_FDCWD, name, mode); }

int unlinkat(int folder, const char *name, int flags) {
    char path[PATH_MAX];
    const char *known = full(folder, name, path);
    if (*known && fails(UNLINK)) return -1;
    struct stat state; /* a socket is made by bind, which is not recorded, and holds nothing */
    int socket = *known && !fstatat(folder, name, &state, AT_SYMLINK_NOFOLLOW) && S_ISSOCK(state.st_mode);
    int failed = syscall(SYS_unlinkat, folder, name, flags);
    if (*known && !failed && !socket) note("unlink", 0, known, "", 0, NULL, 0);
    return failed;
}
int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }
int rmdir(const char *name) { return unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }
int remove(const char *name) {
    int failed = unlink(name);
    return failed && (errno == EISDIR || errno == EPERM) ? rmdir(name) : failed;
}

int ftruncate(int fd, off_t size) {
    char path[PATH_MAX];
    const char *known = path_of(fd, path);
    if (*known && fails(TRUNCATE)) return -1;
    int failed = syscall(SYS_ftruncate, fd, size);
    if (*known && !failed) note("truncate", inode_of(fd), known, "", size, NULL, 0);
    return failed;
}
int ftruncate64(int fd, off64_t size) { return ftruncate(fd, size); }

static void dated(const char *known, const struct timespec times[2]) {
    struct stat found;
    if (*known && !stat(known, &found) && S_ISREG(found.st_mode))
        note("date", found.st_ino, known, "", (long long)found.st_mtim.tv_sec * 1000000000 + found.st_mtim.tv_nsec, NULL, 0);
    (void)times;
}
int utimensat(int folder, const char *name, const struct timespec times[2], int flags) {
    char path[PATH_MAX];
    const char *known = name ? full(folder, name, path) : "";
    int failed = syscall(SYS_utimensat, folder, name, times, flags);
    if (!failed) dated(known, times);
    return failed;
}
int futimens(int fd, const struct timespec times[2]) {
    char path[PATH_MAX];
    int failed = syscall(SYS_utimensat, fd, NULL, times, 0);
    if (!failed) dated(path_of(fd, path), times);
    return failed;
}
