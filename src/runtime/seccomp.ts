/** The `linux.seccomp` part of an OCI runtime spec. */
export interface Seccomp {
  readonly defaultAction: string
  readonly defaultErrnoRet: number
  readonly architectures: readonly string[]
  readonly syscalls: readonly Rule[]
}

export interface Rule {
  readonly names: readonly string[]
  readonly action: 'SCMP_ACT_ALLOW' | 'SCMP_ACT_ERRNO'
  readonly errnoRet?: number
  readonly args?: readonly { readonly index: number; readonly value: number; readonly op: string }[]
}

/** Each machine's own calls, and those of the machines whose programs it also runs. Keys are GOARCH. */
const architectures: Record<string, readonly string[]> = {
  // Docker also names x32, which the distributions' kernels do not run: its table would cost 7 ms a start for nothing.
  amd64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],
  arm64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
  arm: ['SCMP_ARCH_ARM'],
  '386': ['SCMP_ARCH_X86'],
  ppc64le: ['SCMP_ARCH_PPC64LE'],
  s390x: ['SCMP_ARCH_S390X', 'SCMP_ARCH_S390'],
  riscv64: ['SCMP_ARCH_RISCV64'],
}

/**
 * Calls that everyone may make. Those that a machine does not have are passed over by the runtime. They stand in falling
 * order of their numbers on x86, because libseccomp puts each into a sorted list: this way at its head (5 ms a start).
 */
const always = `
recv riscv_hwprobe send sched_rr_get_interval_time64 futex_time64 rt_sigtimedwait_time64 semtimedop_time64
mq_timedreceive_time64 mq_timedsend_time64 recvmmsg_time64 io_pgetevents_time64 ppoll_time64 pselect6_time64
utimensat_time64 timerfd_settime64 timerfd_gettime64 timer_settime64 timer_gettime64 clock_nanosleep_time64
clock_getres_time64 clock_adjtime64 clock_gettime64 fstatat64 fadvise64_64 fstatfs64 statfs64 sendfile64 fcntl64
setfsgid32 setfsuid32 setgid32 setuid32 chown32 getresgid32 setresgid32 getresuid32 setresuid32 fchown32 setgroups32
getgroups32 setregid32 setreuid32 getegid32 geteuid32 getgid32 getuid32 lchown32 fstat64 lstat64 stat64 ftruncate64
truncate64 mmap2 ugetrlimit _newselect _llseek sigprocmask sigreturn ipc socketcall waitpid removexattrat listxattrat
getxattrat setxattrat mseal listmount statmount futex_requeue futex_wait futex_wake map_shadow_stack fchmodat2
cachestat futex_waitv process_mrelease memfd_secret landlock_restrict_self landlock_add_rule landlock_create_ruleset
epoll_pwait2 faccessat2 openat2 close_range pidfd_open pidfd_send_signal uretprobe rseq io_pgetevents statx pkey_free
pkey_alloc pkey_mprotect pwritev2 preadv2 copy_file_range mlock2 membarrier execveat memfd_create getrandom seccomp
renameat2 sched_getattr sched_setattr process_vm_writev process_vm_readv getcpu sendmmsg syncfs clock_adjtime
name_to_handle_at prlimit64 fanotify_mark recvmmsg rt_tgsigqueueinfo pwritev preadv inotify_init1 pipe2 dup3
epoll_create1 eventfd2 signalfd4 accept4 timerfd_gettime timerfd_settime fallocate eventfd timerfd_create signalfd
epoll_pwait utimensat vmsplice sync_file_range tee splice get_robust_list set_robust_list ppoll pselect6 faccessat
fchmodat readlinkat symlinkat linkat renameat unlinkat newfstatat futimesat fchownat mknodat mkdirat openat
inotify_rm_watch inotify_add_watch inotify_init ioprio_get ioprio_set waitid mq_getsetattr mq_notify mq_timedreceive
mq_timedsend mq_unlink mq_open utimes tgkill epoll_ctl epoll_wait exit_group clock_nanosleep clock_getres
clock_gettime timer_delete timer_getoverrun timer_gettime timer_settime timer_create fadvise64 semtimedop
restart_syscall set_tid_address getdents64 remap_file_pages epoll_wait_old epoll_ctl_old epoll_create get_thread_area
io_cancel io_submit io_getevents io_destroy io_setup set_thread_area sched_getaffinity sched_setaffinity futex time
tkill fremovexattr lremovexattr removexattr flistxattr llistxattr listxattr fgetxattr lgetxattr getxattr fsetxattr
lsetxattr setxattr readahead gettid sync setrlimit adjtimex prctl munlockall mlockall munlock mlock
sched_rr_get_interval sched_get_priority_min sched_get_priority_max sched_getscheduler sched_setscheduler
sched_getparam sched_setparam setpriority getpriority fstatfs statfs mknod utime sigaltstack rt_sigsuspend
rt_sigqueueinfo rt_sigtimedwait rt_sigpending capset capget getsid setfsgid setfsuid getpgid getresgid setresgid
getresuid setresuid setgroups getgroups setregid setreuid setsid getpgrp getppid setpgid getegid geteuid setgid setuid
getgid getuid ptrace times sysinfo getrusage getrlimit gettimeofday umask lchown fchown chown fchmod chmod readlink
symlink unlink link creat rmdir mkdir rename fchdir chdir getcwd getdents ftruncate truncate fdatasync fsync flock
fcntl msgctl msgrcv msgsnd msgget shmdt semctl semop semget uname kill wait4 exit execve vfork fork getsockopt
setsockopt socketpair getpeername getsockname listen bind shutdown recvmsg sendmsg recvfrom sendto accept connect
sendfile getpid setitimer alarm getitimer nanosleep pause dup2 dup shmctl shmat shmget madvise mincore msync mremap
sched_yield select pipe access writev readv pwrite64 pread64 ioctl rt_sigreturn rt_sigprocmask rt_sigaction brk munmap
mprotect mmap lseek poll lstat fstat stat close open write read`

const byArchitecture: Record<string, string> = {
  amd64: 'arch_prctl modify_ldt',
  '386': 'modify_ldt',
  arm: 'arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls',
  arm64: 'arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls',
  ppc64le: 'sync_file_range2 swapcontext',
  s390x: 's390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr',
  riscv64: 'riscv_flush_icache',
}

/** Calls that come with a capability of the bounding set. */
const byCapability: Record<string, string> = {
  CAP_DAC_READ_SEARCH: 'open_by_handle_at',
  CAP_SYS_ADMIN: `bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr
    lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd
    setdomainname sethostname setns syslog umount umount2 unshare`,
  CAP_SYS_BOOT: 'reboot',
  CAP_SYS_CHROOT: 'chroot',
  CAP_SYS_MODULE: 'delete_module init_module finit_module',
  CAP_SYS_PACCT: 'acct',
  CAP_SYS_PTRACE: 'kcmp pidfd_getfd process_madvise',
  CAP_SYS_RAWIO: 'iopl ioperm',
  CAP_SYS_TIME: 'settimeofday stime clock_settime clock_settime64',
  CAP_SYS_TTY_CONFIG: 'vhangup',
  CAP_SYS_NICE: 'get_mempolicy mbind set_mempolicy set_mempolicy_home_node',
  CAP_SYSLOG: 'syslog',
  CAP_BPF: 'bpf',
  CAP_PERFMON: 'perf_event_open',
}

const ENOSYS = 38
const EPERM = 1
const AF_VSOCK = 40
/** personality(2): Linux, with 32-bit and old-kernel variants, and the question which one it is. */
const personalities = [0x0, 0x0008, 0x20000, 0x20008, 0xffffffff]
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. */
const namespaceFlags = 0x7e020000

/**
 * Docker's default profile, as of Docker 28 and kernel 6.13, for a machine (GOARCH) and a bounding set.
 * What is not allowed fails with EPERM; clone3 fails with ENOSYS, so that libc falls back to clone, whose flags can be
 * looked at.
 */
export function defaultSeccomp(architecture: string, capabilities: readonly string[]): Seccomp {
  const names = new Set(words(always))
  for (const name of words(byArchitecture[architecture] ?? '')) names.add(name)
  for (const capability of capabilities) {
    for (const name of words(byCapability[capability] ?? '')) names.add(name)
  }
  const syscalls: Rule[] = [
    { names: [...names], action: 'SCMP_ACT_ALLOW' },
    allow('socket', { index: 0, value: AF_VSOCK, op: 'SCMP_CMP_NE' }),
    ...personalities.map((value) => allow('personality', { index: 0, value, op: 'SCMP_CMP_EQ' })),
  ]
  if (!names.has('clone')) {
    // The kernel of s390 takes clone's flags as the second argument.
    const index = architecture === 's390x' ? 1 : 0
    syscalls.push(allow('clone', { index, value: namespaceFlags, op: 'SCMP_CMP_MASKED_EQ' }))
    syscalls.push({ names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS })
  }
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: EPERM,
    architectures: architectures[architecture] ?? [],
    syscalls,
  }
}

function words(text: string): string[] {
  return text.split(/\s+/).filter(Boolean)
}

function allow(name: string, arg: { index: number; value: number; op: string }): Rule {
  return { names: [name], action: 'SCMP_ACT_ALLOW', args: [arg] }
}
