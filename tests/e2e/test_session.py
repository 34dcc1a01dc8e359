"""The same commands, word for word, through tare and through docker's own clients."""
import pathlib

import transcript
from machine import Failure, Skip, free_port

SESSIONS = sorted((pathlib.Path(__file__).parent / "sessions").glob("*.session"))
IMAGES = {"busybox": "busybox", "defaults": "defaults", "whiteouts": "whiteouts", "many": "many_platforms",
          "schema2": "docker_types", "healthy": "healthy", "nginx": "nginx"}


def play_all(world, daemon, client):
    references = {name: world.registry.push(name, "1", getattr(world.images, made)) for name, made in IMAGES.items()}
    variables = {"REGISTRY": world.registry.name, "BUSYBOX_DIGEST": world.images.busybox.digest, "PORT": str(free_port())}
    assert references
    shell = transcript.Shell({**daemon.environment(client), **variables}, daemon.folder)
    complaints = []
    try:
        for path in SESSIONS:
            for chapter in transcript.read(path):
                text = transcript.play(chapter, shell, variables)
                print(f"    {path.stem}: {chapter.name}:", text or "as written", sep="\n" if text else " ", flush=True)
                complaints += [f"{path.name}, {chapter.name}:", text] if text else []
    finally:
        shell.close()
    return complaints


def test_every_command_says_and_does_the_same(world, client):
    if client not in world.clients():
        raise Skip(f"{client} is not installed")
    with world.daemon() as daemon:
        complaints = play_all(world, daemon, world.client(client))
        if complaints:
            raise Failure("\n".join(complaints))


test_every_command_says_and_does_the_same.cases = ["tare", "docker", "docker-20.10"]
