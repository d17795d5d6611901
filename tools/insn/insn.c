/* Plugin of qemu's user mode that counts the instructions of an arm64 program; `count.py` builds it and reads its output.
 *
 *     cc -O2 -shared -fPIC -o insn.so insn.c
 *     qemu-aarch64 -plugin ./insn.so,out=counts.txt ...
 *
 * A program sets mark n by calling getpgid(MARKS + n), for a process that cannot exist: possible in any language, and
 * only one system call. Each mark writes a line "n instructions", with the instructions executed since the start.
 * All threads share one counter without a lock, so only programs with one busy thread are counted correctly.
 *
 * Interface: https://www.qemu.org/docs/master/devel/tcg-plugins.html. Debian has no package with its header, so the
 * declarations of version 1 (QEMU 4.2 to 8.2) that are used stand here.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#ifndef GETPGID
#define GETPGID 155 /* asm-generic/unistd.h; -DGETPGID=121 counts x86-64 programs */
#endif
#define MARKS 0x7a000000 /* the kernel's PID_MAX_LIMIT is 0x400000 */
#define MAX_MARKS 0x10000
#define EXPORTED __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb; /* a block of translated instructions */
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };

typedef void (*on_block)(qemu_plugin_id_t, struct qemu_plugin_tb *);
typedef void (*on_system_call)(qemu_plugin_id_t, unsigned cpu, int64_t number, uint64_t, uint64_t, uint64_t, uint64_t,
                               uint64_t, uint64_t, uint64_t, uint64_t);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, on_block);
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t, on_system_call);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, enum qemu_plugin_op, void *counter, uint64_t);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);

EXPORTED int qemu_plugin_version = 1;

static uint64_t executed;
static FILE *out;

static void count_block(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_inline(block, QEMU_PLUGIN_INLINE_ADD_U64, &executed,
                                             qemu_plugin_tb_n_insns(block));
}

static void write_mark(qemu_plugin_id_t id, unsigned cpu, int64_t number, uint64_t process, uint64_t b, uint64_t c,
                       uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h)
{
    (void)id, (void)cpu, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h;
    if (number != GETPGID || process < MARKS || process >= MARKS + MAX_MARKS)
        return;
    fprintf(out, "%" PRIu64 " %" PRIu64 "\n", process - MARKS, executed);
    fflush(out);
}

EXPORTED int qemu_plugin_install(qemu_plugin_id_t id, const void *machine, int argc, char **argv)
{
    (void)machine;
    if (argc != 1 || strncmp(argv[0], "out=", 4) != 0) {
        fprintf(stderr, "insn: no output file; add ,out=FILE\n");
        return 1;
    }
    out = fopen(argv[0] + 4, "w");
    if (out == NULL) {
        perror(argv[0] + 4);
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, count_block);
    qemu_plugin_register_vcpu_syscall_cb(id, write_mark);
    return 0;
}
