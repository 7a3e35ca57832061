// Runs a command under a wall clock that is off by as many seconds as a file says at the time it is read.
//
//     clock FILE COMMAND [ARG]...
//
// The command is traced: it is given no vDSO, so that it asks the kernel for the time, and what the kernel answers for
// CLOCK_REALTIME is changed. The other clocks are not. What the command starts is not traced.
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef PR_GET_AUXV
#define PR_GET_AUXV 0x41555856
#endif

static pid_t child;

static long get(unsigned long at) {
    errno = 0;
    return ptrace(PTRACE_PEEKDATA, child, (void *)at, 0);
}

static void set(unsigned long at, long value) { ptrace(PTRACE_POKEDATA, child, (void *)at, (void *)value); }

static void get_call(struct __ptrace_syscall_info *call) {
    ptrace(PTRACE_GET_SYSCALL_INFO, child, (void *)sizeof *call, call);
}

// A vector of pairs, a name and a value, that a zero ends.
static void hide_vdso_in(unsigned long at) {
    for (; get(at); at += 16)
        if (get(at) == AT_SYSINFO_EHDR) set(at, AT_IGNORE);
}

// The stack of a new program: the number of arguments, they and the variables, each with a zero behind, then the vector.
static void hide_vdso(void) {
    struct __ptrace_syscall_info call = {0};
    get_call(&call);
    unsigned long at = call.stack_pointer;
    at += 8 * (get(at) + 2);
    while (get(at)) at += 8;
    hide_vdso_in(at + 8);
}

static long offset(const char *file) {
    long seconds = 0;
    FILE *open = fopen(file, "r");
    if (open && fscanf(open, "%ld", &seconds) != 1) seconds = 0;
    if (open) fclose(open);
    return seconds;
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    child = fork();
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    int status, is_new = 1;
    unsigned long into = 0, vector = 0;
    while (waitpid(child, &status, 0) == child) {
        if (WIFEXITED(status)) return WEXITSTATUS(status);
        if (WIFSIGNALED(status)) return 128 + WTERMSIG(status);
        int signal = WSTOPSIG(status);
        if (signal == SIGTRAP && is_new) {
            hide_vdso();
            ptrace(PTRACE_SETOPTIONS, child, 0, (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
            is_new = signal = 0;
        } else if (signal == (SIGTRAP | 0x80)) {
            struct __ptrace_syscall_info call = {0};
            get_call(&call);
            if (call.op == PTRACE_SYSCALL_INFO_ENTRY) {
                __typeof__(&call.entry.args[0]) args = call.entry.args;
                into = call.entry.nr == SYS_clock_gettime && args[0] == CLOCK_REALTIME ? args[1] : 0;
                vector = call.entry.nr == SYS_prctl && args[0] == PR_GET_AUXV ? args[1] : 0;
            } else if (!call.exit.is_error) {
                if (into) set(into, get(into) + offset(argv[1]));
                if (vector) hide_vdso_in(vector);
            }
            signal = 0;
        }
        ptrace(PTRACE_SYSCALL, child, 0, (void *)(long)signal);
    }
    return 125;
}
