/**
 * Which system calls a machine may make: what servers, shells and systemd need. The rest fails with EPERM.
 *
 * Left out on purpose, because one of them is enough to reach the host's kernel or its files: kexec and modules, bpf,
 * perf_event_open, userfaultfd, io_uring, keyrings (not namespaced), both mount interfaces, new namespaces,
 * open_by_handle_at (opens any file of the host's file system by number), the clocks, and swap and quota control.
 * Only the machine's own architecture is allowed: the 32-bit interface would double what has to be thought about.
 */

const allowed = {
  files: `
    read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek open openat openat2 creat close
    close_range stat fstat lstat newfstatat statx access faccessat faccessat2 dup dup2 dup3 fcntl flock fsync fdatasync
    sync syncfs sync_file_range truncate ftruncate fallocate fadvise64 readahead getdents getdents64 getcwd chdir fchdir
    rename renameat renameat2 mkdir mkdirat rmdir link linkat unlink unlinkat symlink symlinkat readlink readlinkat
    mknod mknodat chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat umask utime utimes futimesat utimensat
    statfs fstatfs sendfile splice tee vmsplice copy_file_range pipe pipe2 ioctl chroot name_to_handle_at
    setxattr lsetxattr fsetxattr getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr removexattr lremovexattr
    fremovexattr inotify_init inotify_init1 inotify_add_watch inotify_rm_watch cachestat`,
  waiting: `
    poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd eventfd2
    signalfd signalfd4 timerfd_create timerfd_settime timerfd_gettime io_setup io_destroy io_getevents io_pgetevents
    io_submit io_cancel futex futex_waitv futex_wake futex_wait futex_requeue`,
  memory: `
    mmap mprotect munmap mremap msync mincore madvise process_madvise brk mlock mlock2 munlock mlockall munlockall
    remap_file_pages memfd_create memfd_secret membarrier pkey_alloc pkey_free pkey_mprotect map_shadow_stack mseal
    get_mempolicy set_mempolicy mbind set_mempolicy_home_node`,
  processes: `
    fork vfork execve execveat exit exit_group wait4 waitid kill tkill tgkill getpid getppid gettid getpgid getpgrp
    setpgid getsid setsid prctl arch_prctl set_tid_address set_robust_list get_robust_list rseq restart_syscall
    pidfd_open pidfd_send_signal pidfd_getfd process_mrelease ptrace process_vm_readv process_vm_writev kcmp
    get_thread_area set_thread_area modify_ldt seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self
    getrlimit setrlimit prlimit64 getrusage times sysinfo uname getcpu`,
  scheduling: `
    sched_yield sched_setparam sched_getparam sched_setscheduler sched_getscheduler sched_get_priority_max
    sched_get_priority_min sched_rr_get_interval sched_setaffinity sched_getaffinity sched_setattr sched_getattr
    getpriority setpriority ioprio_set ioprio_get`,
  signals: `
    rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigqueueinfo rt_tgsigqueueinfo
    rt_sigsuspend sigaltstack pause`,
  identities: `
    getuid geteuid getgid getegid getgroups getresuid getresgid setuid setgid setreuid setregid setgroups setresuid
    setresgid setfsuid setfsgid capget capset`,
  time: `
    time gettimeofday clock_gettime clock_getres clock_nanosleep nanosleep alarm getitimer setitimer timer_create
    timer_settime timer_gettime timer_getoverrun timer_delete`,
  network: `
    socketpair connect accept accept4 bind listen getsockname getpeername setsockopt getsockopt sendto recvfrom sendmsg
    recvmsg sendmmsg recvmmsg shutdown getrandom`,
  systemV: `
    shmget shmat shmctl shmdt semget semop semctl semtimedop msgget msgsnd msgrcv msgctl mq_open mq_unlink mq_timedsend
    mq_timedreceive mq_notify mq_getsetattr`,
}

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET of linux/sched.h. */
const namespaceFlags = 0x7e02_0000
/** Speaks to the hypervisor, past every network rule. */
const addressFamilyVsock = 40
/** PER_LINUX and PER_LINUX32, each with and without UNAME26, and the question which one is set. */
const harmlessPersonalities = [0x0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff]
const enosys = 38

/** The `linux.seccomp` section of an OCI runtime configuration. */
export const seccomp = {
  defaultAction: 'SCMP_ACT_ERRNO',
  syscalls: [
    { names: Object.values(allowed).flatMap(words), action: 'SCMP_ACT_ALLOW' },
    {
      names: ['clone'],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index: 0, value: namespaceFlags, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
    },
    // Its flags are behind a pointer, where no filter can look. On "no such call" libraries go back to clone.
    { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: enosys },
    {
      names: ['socket'],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index: 0, value: addressFamilyVsock, op: 'SCMP_CMP_NE' }],
    },
    ...harmlessPersonalities.map(value => ({
      names: ['personality'],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index: 0, value, op: 'SCMP_CMP_EQ' }],
    })),
  ],
}

function words(text: string): string[] {
  return text.trim().split(/\s+/)
}
