"""What goes wrong for users: one clear line, docker's exit code, and nothing left behind."""
import contextlib
import re
import socket

import api
import machine
import registry
from machine import Failure
from oci_image import Image, Layer, tar_of

# What docker's client, too, says beside the complaint.
HINTS = re.compile(r"^(See '.*--help'\.?|Run '.*--help' for more information|Unable to find image .* locally|Usage: .*"
                   r"|WARNING! Using --password via the CLI is insecure.*|Error: failed to rename container named \w+|)$")


def complaint(daemon, words, code, pattern, seconds=60.0):
    """The command fails with `code`, and what it says is one line that fits."""
    before = holdings(daemon)
    got, out, error = daemon.command(*words, seconds=seconds, check=False)
    lines = [line for line in error.splitlines() if not HINTS.match(line)]
    said = f"tare {' '.join(map(str, words))}: exit code {got}\n{out}{error}"
    if got != code:
        raise Failure(f"{said}\nexpected exit code {code}")
    if len(lines) != 1 or not re.search(pattern, lines[0]):
        raise Failure(f"{said}\nexpected one line like {pattern!r}")
    if holdings(daemon) != before:
        raise Failure(f"{said}\nleft behind: {sorted(holdings(daemon) ^ before)}")


def holdings(daemon):
    """Containers, images and volumes, and the daemon's directories of containers and shims."""
    found = set()
    for words in (("ps", "-aq", "--no-trunc"), ("images", "-aq", "--no-trunc"), ("volume", "ls", "-q")):
        found |= {f"{words[0]} {line}" for line in daemon.command(*words)[1].split()}
    for folder in ("root/containers", "state/netns/default", "state/shim/default"):
        with contextlib.suppress(FileNotFoundError):
            found |= {f"{folder}/{path.name}" for path in (daemon.folder / folder).iterdir()}
    return found


def with_image(world, daemon):
    reference = world.registry.push("busybox", "1", world.images.busybox)
    daemon.command("pull", "-q", reference)
    return reference


def test_an_unreachable_registry(world):
    with world.daemon() as daemon:
        name = f"127.0.0.1:{machine.free_port()}/busybox"
        complaint(daemon, ["pull", name], 1, rf"^Error response from daemon: .*{re.escape(name.split('/')[0])}.*refused")
        complaint(daemon, ["run", "--rm", name, "true"], 125, r"^tare: Error response from daemon: .*refused")


def test_a_registry_that_never_answers(world):
    with world.daemon() as daemon, contextlib.closing(socket.socket()) as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(8)
        name = f"127.0.0.1:{deaf.getsockname()[1]}/busybox"
        complaint(daemon, ["pull", name], 1, r"(timed out|timeout|deadline)", seconds=300)


def test_a_host_that_does_not_exist(world):
    with world.daemon() as daemon:
        complaint(daemon, ["pull", "registry.invalid/busybox"], 1, r"registry\.invalid.*(resolve|no such host)", seconds=120)


def test_wrong_credentials(world):
    with registry.with_password() as guarded, world.daemon() as daemon, registry_trusted(guarded):
        name = guarded.push("private", "1", world.images.busybox)
        complaint(daemon, ["login", "-u", "carol", "-p", "wrong", guarded.name], 1, r"([Uu]nauthorized|authentication|incorrect)")
        complaint(daemon, ["pull", name], 1, r"(unauthorized|authentication required|no basic auth credentials)")


def test_an_image_that_is_not_there(world):
    with world.daemon() as daemon:
        name = f"{world.registry.name}/nowhere"
        complaint(daemon, ["pull", f"{name}:9"], 1, rf"manifest for {re.escape(name)}:9 not found")
        complaint(daemon, ["run", "--rm", name, "true"], 125, r"manifest for .*nowhere:latest not found")
        complaint(daemon, ["rmi", "nowhere"], 1, r"No such image: nowhere:latest")


def test_an_image_for_another_platform(world):
    with world.daemon() as daemon:
        name = world.registry.push("foreign", "1", world.images.foreign)
        complaint(daemon, ["pull", name], 1, r"no matching manifest for linux/\w+.* in the manifest list entries")
        many = world.registry.push("many", "1", world.images.many_platforms)
        complaint(daemon, ["pull", "--platform", "linux/sparc64", many], 1, r"no match(ing manifest)? for .*linux/sparc64")


def spoiled(world, repository, spoil):
    """Pushes an image of its own layer, and lets `spoil` change how the registry keeps that layer."""
    info = world.images.busybox
    with machine.temporary_folder() as folder:
        (folder / repository).write_text("a layer of its own\n" * 4000)
        layer = Layer(tar_of(folder))
    image = Image([info.layers[0], layer], {"Cmd": ["sh"]}, info.architecture)
    reference = world.registry.push(repository, "1", image)
    spoil(world.registry.blob_file(layer.digest))
    return reference


def test_a_blob_whose_bytes_changed(world):
    def flip(path):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)

    with world.daemon() as daemon:
        complaint(daemon, ["pull", "-q", spoiled(world, "flipped", flip)], 1, r"(digest|sha256:[0-9a-f]{64}|corrupt)", 120)


def test_a_blob_that_is_cut_short(world):
    with world.daemon() as daemon:
        cut = spoiled(world, "cut", lambda path: path.write_bytes(path.read_bytes()[:100]))
        complaint(daemon, ["pull", "-q", cut], 1, r"(size|bytes|short|ends|EOF|digest)", 120)


def crafted(world, repository, layer, **options):
    base = world.images.busybox
    return world.registry.push(repository, "1", Image([base.layers[0], layer], {"Cmd": ["sh"]}, base.architecture, **options))


def test_a_layer_that_ends_in_the_middle(world):
    with world.daemon() as daemon, machine.temporary_folder() as folder:
        (folder / "file").write_text("text\n" * 100000)
        tar = tar_of(folder)
        whole = Layer(tar)
        name = crafted(world, "half", Layer(tar, whole.blob[:len(whole.blob) // 2]))
        complaint(daemon, ["pull", "-q", name], 1, r"(layer|gzip|tar|ends|EOF)", 120)


def test_a_layer_that_is_not_what_its_config_says(world):
    with world.daemon() as daemon, machine.temporary_folder() as folder:
        (folder / "file").write_text("text\n")
        layer = Layer(tar_of(folder))
        wrong = [world.images.busybox.layers[0].diff_id, "sha256:" + "0" * 64]
        complaint(daemon, ["pull", "-q", crafted(world, "liar", layer, diff_ids=wrong)], 1, r"diff ?_?id|0000", 120)


def test_a_digest_that_nothing_has(world):
    with world.daemon() as daemon:
        world.registry.push("busybox", "1", world.images.busybox)
        name = f"{world.registry.name}/busybox@sha256:{'1' * 64}"
        complaint(daemon, ["pull", name], 1, r"(manifest unknown|not found)")
        complaint(daemon, ["pull", f"{world.registry.name}/busybox@sha256:123"], 1, r"invalid (reference format|checksum digest length)")


def test_a_full_disk(world):
    with machine.small_file_system(24) as disk, world.daemon(disk / "root") as daemon:
        with_image(world, daemon)
        with machine.temporary_folder() as folder:
            import os
            (folder / "big").write_bytes(os.urandom(40 << 20))
            name = crafted(world, "big", Layer(tar_of(folder)))
        complaint(daemon, ["pull", "-q", name], 1, r"[Nn]o space left on device", 120)
        code, out, _ = daemon.command("run", "--rm", f"{world.registry.name}/busybox:1", "echo", "still works")
        if (code, out) != (0, "still works\n"):
            raise Failure("the daemon does not work after a full disk")


def test_a_command_that_is_not_in_the_image(world):
    with world.daemon() as daemon:
        image = with_image(world, daemon)
        complaint(daemon, ["run", "--rm", image, "nosuch"], 127, r'exec: "nosuch": executable file not found in \$PATH')
        complaint(daemon, ["run", "--rm", image, "/no/such"], 127, r"/no/such.*no such file or directory")
        complaint(daemon, ["run", "--rm", image, "/etc/passwd"], 126, r"permission denied")
        complaint(daemon, ["run", "--rm", image, "/tmp"], 126, r"(permission denied|is a directory)")


def test_flags_that_make_no_sense(world):
    with world.daemon() as daemon:
        image = with_image(world, daemon)
        for words, pattern in ((["--nope"], r"^unknown flag: --nope"), (["-z"], r"^unknown shorthand flag: 'z' in -z"),
                               (["-m", "x"], r'^invalid argument "x" for "-m, --memory" flag'),
                               (["--ulimit", "nofile=9:1"], r"invalid argument|ulimit"),
                               (["-v", "a:b:c:d"], r"invalid"), (["--network", "no-such"], r"network no-such not found"),
                               (["--security-opt", "nonsense"], r"nonsense"), (["--cpus", "-1"], r"(CPUs|cpus|invalid|negative)")):
            complaint(daemon, ["run", "--rm", *words, image, "true"], 125, pattern)
        complaint(daemon, ["run", "--restart", "sometimes", image, "true"], 125, r"invalid restart policy")


def test_what_is_not_there_yet_is_refused(world):
    with world.daemon() as daemon:
        image = with_image(world, daemon)
        daemon.command("create", "--name", "box", image, "true")
        complaint(daemon, ["create", "--mount", f"type=image,source={image},target=/x", image], 1, r"type image are not served yet")
        complaint(daemon, ["run", "--mount", f"type=image,source={image},target=/x,image-subpath=y", image], 125,
                  r"type image are not served yet")
        for words in (["--checkpoint", "one"], ["--checkpoint-dir", "/x"], ["-a", "--checkpoint", "one"]):
            got, out, error = daemon.command("start", *words, "box", check=False)
            if got != 1 or out or "from a checkpoint is not served yet" not in error.splitlines()[0]:
                raise Failure(f"start {words}: {got}\n{out}{error}")
        complaint(daemon, ["images", "--tree"], 1, r"--tree is not there yet")
        complaint(daemon, ["image", "ls", "--tree"], 1, r"--tree is not there yet")
        state = daemon.command("inspect", "-f", "{{.State.Status}}", "box")[1]
        if state != "created\n":
            raise Failure(f"after starts that were refused the container is {state}")
        for query in ("checkpoint=one", "checkpoint-dir=/x"):
            status, text = api.request(daemon, "POST", f"/v1.45/containers/box/start?{query}")
            if status != 501 or "not served yet" not in text:
                raise Failure(f"{query}: {status} {text}")
        status, text = api.request(daemon, "POST", "/v1.45/containers/create", {
            "Image": image, "HostConfig": {"Mounts": [{"Type": "image", "Source": image, "Target": "/x"}]}})
        if status != 501 or "not served yet" not in text:
            raise Failure(f"an image mount: {status} {text}")


def test_a_port_that_is_taken(world):
    with world.daemon() as daemon, contextlib.closing(socket.socket()) as taken:
        image = with_image(world, daemon)
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        complaint(daemon, ["run", "--rm", "-p", f"127.0.0.1:{port}:80", image, "true"], 125, rf"{port}.*(already|in use)")


def test_a_name_that_is_taken(world):
    with world.daemon() as daemon:
        image = with_image(world, daemon)
        daemon.command("create", "--name", "one", image)
        complaint(daemon, ["run", "--name", "one", image, "true"], 125, r'Conflict\. The container name "/one" is already in use')
        daemon.command("create", "--name", "two", image)
        complaint(daemon, ["rename", "two", "one"], 1, r'"/?one" is already in use')


def test_requests_that_are_not_docker_s(world):
    """The socket answers nonsense with a status, and goes on."""
    with world.daemon() as daemon:
        for text in (b"NONSENSE\r\n\r\n", b"GET /v1.41/containers/json HTTP/1.1\r\n\r\n",
                     b"POST /v1.41/containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n",
                     b"POST /v1.41/containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                     b"Content-Length: 9\r\nConnection: close\r\n\r\n{\"Image\":"):
            with contextlib.closing(socket.socket(socket.AF_UNIX)) as client:
                client.settimeout(20)
                client.connect(str(daemon.socket))
                client.sendall(text)
                answer = client.recv(200).decode()
            if not re.match(r"HTTP/1\.[01] (4|5)\d\d ", answer):
                raise Failure(f"{text!r} was answered with {answer!r}")
            if not daemon.ping():
                raise Failure(f"no answer any more after {text!r}")


@contextlib.contextmanager
def registry_trusted(guarded):
    """Docker's place for a registry's certificate, which tare reads as well."""
    import pathlib
    import shutil
    folder = pathlib.Path("/etc/docker/certs.d") / guarded.name
    folder.mkdir(parents=True)
    try:
        shutil.copy(guarded.certificate, folder / "ca.crt")
        yield
    finally:
        shutil.rmtree(folder)
