"""What a model's own code may try: each attack returns when it has succeeded and raises when it was refused.

Run by ``test_attacks.py`` as ``python -I attacks.py PACKAGE PLACES [open]``: behind the wall, or with ``open`` without
one, for an attack that fails there as well would show nothing. Standard library only.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Places = dict[str, Any]
ATTACKS: dict[str, Callable[[Places], Any]] = {}
LIBC = ctypes.CDLL(None, use_errno=True)
X86 = os.uname().machine == "x86_64"


def attack(function: Callable[[Places], Any]) -> Callable[[Places], Any]:
    ATTACKS[function.__name__] = function
    return function


def call(x86: int, arm: int, *arguments: Any) -> int:
    answer = LIBC.syscall(x86 if X86 else arm, *arguments)
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(answer)


def outside(places: Places, name: str) -> str:
    return os.path.join(places["outside"], name)


def made(places: Places, name: str, text: str = "x") -> str:
    path = os.path.join(places["out"], name)
    with open(path, "w") as file:
        file.write(text)
    return path


def run(argv: Any) -> None:
    assert subprocess.call(argv) == 0


def exits_with(status: int, code: int = 0) -> None:
    if os.WEXITSTATUS(status) != code or os.WIFSIGNALED(status):
        raise PermissionError(status, "it did not run")


@attack
def writes_a_file_outside(p: Places) -> None:
    open(outside(p, "new"), "w").close()


@attack
def appends_to_a_file_outside(p: Places) -> None:
    with open(outside(p, "kept"), "a") as file:
        file.write("more")


@attack
def empties_a_file_outside(p: Places) -> None:
    os.truncate(outside(p, "emptied"), 0)


@attack
def removes_a_file_outside(p: Places) -> None:
    os.remove(outside(p, "removed"))


@attack
def renames_a_file_outside(p: Places) -> None:
    os.rename(outside(p, "renamed"), outside(p, "renamed2"))


@attack
def moves_a_file_in_from_outside(p: Places) -> None:
    os.rename(outside(p, "moved"), os.path.join(p["out"], "moved"))


@attack
def moves_a_file_out(p: Places) -> None:
    os.rename(made(p, "going"), outside(p, "gone"))


@attack
def makes_a_folder_outside(p: Places) -> None:
    os.mkdir(outside(p, "folder"))


@attack
def makes_a_link_outside(p: Places) -> None:
    os.symlink("/", outside(p, "link"))


@attack
def reads_a_secret_outside(p: Places) -> None:
    open(outside(p, "secret")).read()


@attack
def reads_a_secret_by_a_link(p: Places) -> None:
    os.symlink(outside(p, "secret"), os.path.join(p["out"], "by-link"))
    open(os.path.join(p["out"], "by-link")).read()


@attack
def reads_a_secret_by_a_hard_link(p: Places) -> None:
    os.link(outside(p, "secret"), os.path.join(p["out"], "by-hard-link"))
    open(os.path.join(p["out"], "by-hard-link")).read()


@attack
def reads_a_secret_by_climbing_out(p: Places) -> None:
    open(os.path.join(p["in"], "..", "outside", "secret")).read()


@attack
def lists_a_folder_outside(p: Places) -> None:
    os.listdir(p["outside"])


@attack
def reads_what_the_parent_was_started_with(p: Places) -> None:
    open("/proc/{}/environ".format(p["victim"])).read()


@attack
def reads_an_open_file_of_the_parent(p: Places) -> None:
    os.open("/proc/{}/fd/0".format(p["victim"]), os.O_RDONLY)


@attack
def opens_the_log_again(p: Places) -> None:
    os.open("/proc/self/fd/2", os.O_WRONLY)


@attack
def changes_a_model(p: Places) -> None:
    open(os.path.join(p["in"], "model"), "a").close()


@attack
def takes_a_model_over_by_a_hard_link(p: Places) -> None:
    os.link(os.path.join(p["in"], "model"), os.path.join(p["out"], "model"))
    open(os.path.join(p["out"], "model"), "a").close()


@attack
def moves_a_model_to_where_it_may_write(p: Places) -> None:
    os.rename(os.path.join(p["in"], "model2"), os.path.join(p["out"], "model2"))


@attack
def changes_a_mode_outside(p: Places) -> None:
    os.chmod(outside(p, "kept"), 0o777)


@attack
def changes_the_mode_of_a_model(p: Places) -> None:
    os.chmod(os.path.join(p["in"], "model"), 0o777)


@attack
def changes_an_owner(p: Places) -> None:
    os.chown(outside(p, "kept"), os.getuid(), os.getgid())


@attack
def changes_times(p: Places) -> None:
    os.utime(outside(p, "kept"), (0, 0))


@attack
def changes_an_attribute(p: Places) -> None:
    os.setxattr(outside(p, "kept"), "user.tried", b"x")


@attack
def makes_a_pipe(p: Places) -> None:
    os.mkfifo(os.path.join(p["out"], "pipe"))


@attack
def runs_a_shell(p: Places) -> None:
    exits_with(os.system("true"))


@attack
def runs_a_program(p: Places) -> None:
    run(["/bin/true"])


@attack
def spawns_a_program(p: Places) -> None:
    pid = os.posix_spawn("/bin/true", ["true"], {})
    exits_with(os.waitpid(pid, 0)[1])


@attack
def becomes_a_program(p: Places) -> None:
    if p["walled"]:
        os.execv("/bin/true", ["true"])
    run([sys.executable, "-I", "-c", "import os; os.execv('/bin/true', ['true'])"])


@attack
def becomes_a_program_by_the_loader(p: Places) -> None:
    loader = "/lib64/ld-linux-x86-64.so.2" if X86 else "/lib/ld-linux-aarch64.so.1"
    if p["walled"]:
        os.execv(loader, [loader, "/bin/true"])
    run([loader, "/bin/true"])


@attack
def forks(p: Places) -> None:
    pid = os.fork()
    if not pid:
        os._exit(0)
    exits_with(os.waitpid(pid, 0)[1])


@attack
def clones_by_hand(p: Places) -> None:
    pid = call(56, 220, signal.SIGCHLD, 0, 0, 0, 0)
    if not pid:
        os._exit(0)
    exits_with(os.waitpid(pid, 0)[1])


@attack
def makes_a_file_in_memory(p: Places) -> None:
    os.close(os.memfd_create("x") if hasattr(os, "memfd_create") else call(319, 279, b"x", 0))


@attack
def connects_by_tcp(p: Places) -> None:
    socket.create_connection(("127.0.0.1", p["port"]), timeout=5).close()


@attack
def sends_by_udp(p: Places) -> None:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", p["port"]))


@attack
def listens(p: Places) -> None:
    with socket.socket() as made_here:
        made_here.bind(("127.0.0.1", 0))
        made_here.listen(1)


@attack
def connects_to_a_socket_of_the_user(p: Places) -> None:
    with socket.socket(socket.AF_UNIX) as made_here:
        made_here.connect(p["socket"])


@attack
def connects_to_an_abstract_socket(p: Places) -> None:
    with socket.socket(socket.AF_UNIX) as made_here:
        made_here.connect("\0" + p["abstract"])


@attack
def asks_the_kernel_by_netlink(p: Places) -> None:
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).close()


@attack
def looks_up_a_name(p: Places) -> None:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
    socket.getaddrinfo("localhost", 80)


@attack
def signals_another_process(p: Places) -> None:
    os.kill(p["victim"], signal.SIGCONT)


@attack
def signals_a_thread_of_another(p: Places) -> None:
    call(234, 131, p["victim"], p["victim"], int(signal.SIGCONT))


@attack
def signals_by_a_queue(p: Places) -> None:
    information = (ctypes.c_char * 128)()
    ctypes.memmove(information, (ctypes.c_int * 3)(signal.SIGCONT, 0, -1), 12)
    call(129, 138, p["victim"], int(signal.SIGCONT), information)


@attack
def holds_another_process(p: Places) -> None:
    os.close(call(434, 434, p["victim"], 0))


@attack
def signals_everybody(p: Places) -> None:
    os.kill(-p["victim"], 0)


@attack
def looks_into_another_process(p: Places) -> None:
    call(101, 117, 0x4206, p["victim"], 0, 0)


@attack
def reads_the_memory_of_another_process(p: Places) -> None:
    with open("/proc/{}/mem".format(p["victim"]), "rb"):
        pass


@attack
def takes_limits_from_another_process(p: Places) -> None:
    import resource

    resource.prlimit(p["victim"], resource.RLIMIT_CORE, resource.prlimit(p["victim"], resource.RLIMIT_CORE))


@attack
def raises_its_own_limits(p: Places) -> None:
    import resource

    resource.prlimit(0, resource.RLIMIT_FSIZE, resource.getrlimit(resource.RLIMIT_FSIZE))


@attack
def slows_others_down(p: Places) -> None:
    os.setpriority(os.PRIO_PROCESS, p["victim"], 1)


@attack
def shares_memory_with_others(p: Places) -> None:
    call(31, 195, call(29, 194, 0, 4096, 0o600 | 0o1000), 0, 0)


@attack
def asks_for_a_namespace(p: Places) -> None:
    call(272, 97, 0x00000400)  # CLONE_FILES, which needs no right at all


@attack
def asks_for_a_ring(p: Places) -> None:
    os.close(call(425, 425, 2, (ctypes.c_char * 256)()))


@attack
def becomes_somebody(p: Places) -> None:
    os.setuid(os.getuid())


@attack
def names_files_by_handle(p: Places) -> None:
    handle = (ctypes.c_char * 256)()
    ctypes.memmove(handle, (ctypes.c_uint * 1)(128), 4)
    call(303, 264, -100, p["outside"].encode(), handle, ctypes.byref(ctypes.c_int()), 0)


@attack
def maps_a_secret(p: Places) -> None:
    handle = os.open(outside(p, "secret"), os.O_RDONLY)
    mmap.mmap(handle, 0, prot=mmap.PROT_READ)


def tried(function: Callable[[Places], Any], places: Places) -> str:
    try:
        function(places)
    except BaseException as problem:
        return f"refused: {problem!r}"
    return "done"


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    given = json.loads(sys.argv[2])
    given["walled"] = len(sys.argv) == 3
    found: dict[str, Any] = {}
    if given["walled"]:
        from workflow.worker.shared import wall

        found["wall"] = wall.stand(reads=[given["in"]], writes=[given["out"]])
    found["attacks"] = {name: tried(function, given) for name, function in ATTACKS.items()}
    with open(os.path.join(given["in"], "model"), "rb") as file:
        found["model"] = file.read().decode()
    made(given, "result", "it works")
    print(json.dumps(found))
