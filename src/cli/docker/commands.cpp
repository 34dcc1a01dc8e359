#include <algorithm>
#include <array>

#include "cli/docker/command.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

namespace {

using enum Command::Section;
constexpr auto kYes = FlagSet::Interspersed::yes;
constexpr auto kNo = FlagSet::Interspersed::no;
constexpr std::size_t kMany = static_cast<std::size_t>(-1);

// clang-format off
constexpr std::array kCommands = {
    // The everyday ones.
    Command{"run", "[OPTIONS] IMAGE [COMMAND] [ARG...]", "Create a container from an image and run it", "container run, run", {1, kMany}, kNo, run, common, "image"},
    Command{"exec", "[OPTIONS] CONTAINER COMMAND [ARG...]", "Run a command in a running container", "container exec, exec", {2, kMany}, kNo, exec, common, "container"},
    Command{"ps", "[OPTIONS]", "Show containers", "container ls, container list, container ps, ps", {0, 0}, kYes, ps, common},
    Command{"pull", "[OPTIONS] NAME[:TAG|@DIGEST]", "Fetch an image from a registry", "image pull, pull", {1, 1}, kYes, pull, common},
    Command{"push", "[OPTIONS] NAME[:TAG]", "Send an image to a registry", "image push, push", {1, 1}, kYes, push, common, "image"},
    Command{"images", "[OPTIONS] [REPOSITORY[:TAG]]", "Show images", "image ls, image list, images", {0, 1}, kYes, images, common, "image"},
    Command{"login", "[OPTIONS] [SERVER]", "Store the credentials of a registry", "", {0, 1}, kYes, login, common},
    Command{"logout", "[SERVER]", "Forget the credentials of a registry", "", {0, 1}, kYes, logout, common},
    Command{"version", "[OPTIONS]", "Show versions of client and daemon", "", {0, 0}, kYes, version, common},
    Command{"info", "[OPTIONS]", "Show the state of the daemon", "system info, info", {0, 0}, kYes, info, common},

    Command{"attach", "[OPTIONS] CONTAINER", "Connect this terminal to a running container", "container attach, attach", {1, 1}, kYes, attach, plain, "container"},
    Command{"commit", "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]", "Make an image of a container's changes", "container commit, commit", {1, 2}, kYes, commit, plain, "container"},
    Command{"cp", "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\t{program} cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH", "Copy files between a container and this machine", "container cp, cp", {2, 2}, kYes, cp, plain, "file"},
    Command{"create", "[OPTIONS] IMAGE [COMMAND] [ARG...]", "Create a container without starting it", "container create, create", {1, kMany}, kNo, create, plain, "image"},
    Command{"diff", "CONTAINER", "Show what changed in a container's file system", "container diff, diff", {1, 1}, kYes, diff, plain, "container"},
    Command{"events", "[OPTIONS]", "Follow what happens in the daemon", "system events, events", {0, 0}, kYes, events},
    Command{"export", "[OPTIONS] CONTAINER", "Write a container's file system as a tar archive", "container export, export", {1, 1}, kYes, export_container, plain, "container"},
    Command{"history", "[OPTIONS] IMAGE", "Show how an image came about", "image history, history", {1, 1}, kYes, history, plain, "image"},
    Command{"import", "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]", "Make an image of a tar archive of files", "image import, import", {1, kMany}, kYes, import_image, plain, "file"},
    Command{"inspect", "[OPTIONS] NAME|ID [NAME|ID...]", "Show all details of containers, images, networks or volumes", "", {1, kMany}, kYes, inspect, plain, "container"},
    Command{"kill", "[OPTIONS] CONTAINER [CONTAINER...]", "Send a signal to running containers", "container kill, kill", {1, kMany}, kYes, kill, plain, "container"},
    Command{"load", "[OPTIONS]", "Read images from a tar archive or standard input", "image load, load", {0, 0}, kYes, load},
    Command{"logs", "[OPTIONS] CONTAINER", "Show what a container wrote", "container logs, logs", {1, 1}, kYes, logs, plain, "container"},
    Command{"pause", "CONTAINER [CONTAINER...]", "Freeze all processes of containers", "container pause, pause", {1, kMany}, kYes, pause, plain, "container"},
    Command{"port", "CONTAINER [PRIVATE_PORT[/PROTO]]", "Show the published ports of a container", "container port, port", {1, 2}, kYes, port, plain, "container"},
    Command{"rename", "CONTAINER NEW_NAME", "Give a container another name", "container rename, rename", {2, 2}, kYes, rename, plain, "container"},
    Command{"restart", "[OPTIONS] CONTAINER [CONTAINER...]", "Stop containers and start them again", "container restart, restart", {1, kMany}, kYes, restart, plain, "container"},
    Command{"rm", "[OPTIONS] CONTAINER [CONTAINER...]", "Remove containers", "container rm, container remove, rm", {1, kMany}, kYes, rm, plain, "container"},
    Command{"rmi", "[OPTIONS] IMAGE [IMAGE...]", "Remove images", "image rm, image remove, rmi", {1, kMany}, kYes, rmi, plain, "image"},
    Command{"save", "[OPTIONS] IMAGE [IMAGE...]", "Write images as a tar archive (to standard output by default)", "image save, save", {1, kMany}, kYes, save, plain, "image"},
    Command{"start", "[OPTIONS] CONTAINER [CONTAINER...]", "Start stopped containers", "container start, start", {1, kMany}, kYes, start, plain, "container"},
    Command{"stats", "[OPTIONS] [CONTAINER...]", "Follow the resources that containers use", "container stats, stats", {0, kMany}, kYes, stats, plain, "container"},
    Command{"stop", "[OPTIONS] CONTAINER [CONTAINER...]", "Stop running containers", "container stop, stop", {1, kMany}, kYes, stop, plain, "container"},
    Command{"tag", "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]", "Give an image a further name", "image tag, tag", {2, 2}, kYes, tag, plain, "image"},
    Command{"top", "CONTAINER [ps OPTIONS]", "Show the processes of a container", "container top, top", {1, kMany}, kNo, top, plain, "container"},
    Command{"unpause", "CONTAINER [CONTAINER...]", "Let frozen containers go on", "container unpause, unpause", {1, kMany}, kYes, unpause, plain, "container"},
    Command{"update", "[OPTIONS] CONTAINER [CONTAINER...]", "Change limits and restart policy of containers", "container update, update", {1, kMany}, kYes, update, plain, "container"},
    Command{"wait", "CONTAINER [CONTAINER...]", "Wait until containers stop and print their exit statuses", "container wait, wait", {1, kMany}, kYes, wait, plain, "container"},
    Command{"completion", "bash", "Print the shell's completion script", "", {0, 1}, kYes, completion, plain, "bash"},

    Command{"container attach", "[OPTIONS] CONTAINER", "Connect this terminal to a running container", "container attach, attach", {1, 1}, kYes, attach, plain, "container"},
    Command{"container commit", "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]", "Make an image of a container's changes", "container commit, commit", {1, 2}, kYes, commit, plain, "container"},
    Command{"container cp", "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\t{program} cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH", "Copy files between a container and this machine", "container cp, cp", {2, 2}, kYes, cp, plain, "file"},
    Command{"container create", "[OPTIONS] IMAGE [COMMAND] [ARG...]", "Create a container without starting it", "container create, create", {1, kMany}, kNo, create, plain, "image"},
    Command{"container diff", "CONTAINER", "Show what changed in a container's file system", "container diff, diff", {1, 1}, kYes, diff, plain, "container"},
    Command{"container exec", "[OPTIONS] CONTAINER COMMAND [ARG...]", "Run a command in a running container", "container exec, exec", {2, kMany}, kNo, exec, plain, "container"},
    Command{"container export", "[OPTIONS] CONTAINER", "Write a container's file system as a tar archive", "container export, export", {1, 1}, kYes, export_container, plain, "container"},
    Command{"container inspect", "[OPTIONS] CONTAINER [CONTAINER...]", "Show all details of containers", "", {1, kMany}, kYes, container_inspect, plain, "container"},
    Command{"container kill", "[OPTIONS] CONTAINER [CONTAINER...]", "Send a signal to running containers", "container kill, kill", {1, kMany}, kYes, kill, plain, "container"},
    Command{"container logs", "[OPTIONS] CONTAINER", "Show what a container wrote", "container logs, logs", {1, 1}, kYes, logs, plain, "container"},
    Command{"container ls", "[OPTIONS]", "Show containers", "container ls, container list, container ps, ps", {0, 0}, kYes, ps},
    Command{"container list", "[OPTIONS]", "Show containers", "container ls, container list, container ps, ps", {0, 0}, kYes, ps, hidden},
    Command{"container ps", "[OPTIONS]", "Show containers", "container ls, container list, container ps, ps", {0, 0}, kYes, ps, hidden},
    Command{"container pause", "CONTAINER [CONTAINER...]", "Freeze all processes of containers", "container pause, pause", {1, kMany}, kYes, pause, plain, "container"},
    Command{"container port", "CONTAINER [PRIVATE_PORT[/PROTO]]", "Show the published ports of a container", "container port, port", {1, 2}, kYes, port, plain, "container"},
    Command{"container prune", "[OPTIONS]", "Remove all stopped containers", "", {0, 0}, kYes, container_prune},
    Command{"container rename", "CONTAINER NEW_NAME", "Give a container another name", "container rename, rename", {2, 2}, kYes, rename, plain, "container"},
    Command{"container restart", "[OPTIONS] CONTAINER [CONTAINER...]", "Stop containers and start them again", "container restart, restart", {1, kMany}, kYes, restart, plain, "container"},
    Command{"container rm", "[OPTIONS] CONTAINER [CONTAINER...]", "Remove containers", "container rm, container remove, rm", {1, kMany}, kYes, rm, plain, "container"},
    Command{"container remove", "[OPTIONS] CONTAINER [CONTAINER...]", "Remove containers", "container rm, container remove, rm", {1, kMany}, kYes, rm, hidden, "container"},
    Command{"container run", "[OPTIONS] IMAGE [COMMAND] [ARG...]", "Create a container from an image and run it", "container run, run", {1, kMany}, kNo, run, plain, "image"},
    Command{"container start", "[OPTIONS] CONTAINER [CONTAINER...]", "Start stopped containers", "container start, start", {1, kMany}, kYes, start, plain, "container"},
    Command{"container stats", "[OPTIONS] [CONTAINER...]", "Follow the resources that containers use", "container stats, stats", {0, kMany}, kYes, stats, plain, "container"},
    Command{"container stop", "[OPTIONS] CONTAINER [CONTAINER...]", "Stop running containers", "container stop, stop", {1, kMany}, kYes, stop, plain, "container"},
    Command{"container top", "CONTAINER [ps OPTIONS]", "Show the processes of a container", "container top, top", {1, kMany}, kNo, top, plain, "container"},
    Command{"container unpause", "CONTAINER [CONTAINER...]", "Let frozen containers go on", "container unpause, unpause", {1, kMany}, kYes, unpause, plain, "container"},
    Command{"container update", "[OPTIONS] CONTAINER [CONTAINER...]", "Change limits and restart policy of containers", "container update, update", {1, kMany}, kYes, update, plain, "container"},
    Command{"container wait", "CONTAINER [CONTAINER...]", "Wait until containers stop and print their exit statuses", "container wait, wait", {1, kMany}, kYes, wait, plain, "container"},

    Command{"image history", "[OPTIONS] IMAGE", "Show how an image came about", "image history, history", {1, 1}, kYes, history, plain, "image"},
    Command{"image import", "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]", "Make an image of a tar archive of files", "image import, import", {1, kMany}, kYes, import_image, plain, "file"},
    Command{"image inspect", "[OPTIONS] IMAGE [IMAGE...]", "Show all details of images", "", {1, kMany}, kYes, image_inspect, plain, "image"},
    Command{"image load", "[OPTIONS]", "Read images from a tar archive or standard input", "image load, load", {0, 0}, kYes, load},
    Command{"image ls", "[OPTIONS] [REPOSITORY[:TAG]]", "Show images", "image ls, image list, images", {0, 1}, kYes, images, plain, "image"},
    Command{"image list", "[OPTIONS] [REPOSITORY[:TAG]]", "Show images", "image ls, image list, images", {0, 1}, kYes, images, hidden, "image"},
    Command{"image prune", "[OPTIONS]", "Remove unused images", "", {0, 0}, kYes, image_prune},
    Command{"image pull", "[OPTIONS] NAME[:TAG|@DIGEST]", "Fetch an image from a registry", "image pull, pull", {1, 1}, kYes, pull},
    Command{"image push", "[OPTIONS] NAME[:TAG]", "Send an image to a registry", "image push, push", {1, 1}, kYes, push, plain, "image"},
    Command{"image rm", "[OPTIONS] IMAGE [IMAGE...]", "Remove images", "image rm, image remove, rmi", {1, kMany}, kYes, rmi, plain, "image"},
    Command{"image remove", "[OPTIONS] IMAGE [IMAGE...]", "Remove images", "image rm, image remove, rmi", {1, kMany}, kYes, rmi, hidden, "image"},
    Command{"image save", "[OPTIONS] IMAGE [IMAGE...]", "Write images as a tar archive (to standard output by default)", "image save, save", {1, kMany}, kYes, save, plain, "image"},
    Command{"image tag", "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]", "Give an image a further name", "image tag, tag", {2, 2}, kYes, tag, plain, "image"},

    Command{"network connect", "[OPTIONS] NETWORK CONTAINER", "Connect a container to a network", "", {2, 2}, kYes, network_connect, plain, "network"},
    Command{"network create", "[OPTIONS] NETWORK", "Create a network", "", {1, 1}, kYes, network_create},
    Command{"network disconnect", "[OPTIONS] NETWORK CONTAINER", "Take a container off a network", "", {2, 2}, kYes, network_disconnect, plain, "network"},
    Command{"network inspect", "[OPTIONS] NETWORK [NETWORK...]", "Show all details of networks", "", {1, kMany}, kYes, network_inspect, plain, "network"},
    Command{"network ls", "[OPTIONS]", "Show networks", "network ls, network list", {0, 0}, kYes, network_ls},
    Command{"network list", "[OPTIONS]", "Show networks", "network ls, network list", {0, 0}, kYes, network_ls, hidden},
    Command{"network prune", "[OPTIONS]", "Remove all unused networks", "", {0, 0}, kYes, network_prune},
    Command{"network rm", "NETWORK [NETWORK...]", "Remove networks", "network rm, network remove", {1, kMany}, kYes, network_rm, plain, "network"},
    Command{"network remove", "NETWORK [NETWORK...]", "Remove networks", "network rm, network remove", {1, kMany}, kYes, network_rm, hidden, "network"},

    Command{"system df", "[OPTIONS]", "Show how much disk space is used", "", {0, 0}, kYes, system_df},
    Command{"system events", "[OPTIONS]", "Follow what happens in the daemon", "system events, events", {0, 0}, kYes, events},
    Command{"system info", "[OPTIONS]", "Show the state of the daemon", "system info, info", {0, 0}, kYes, info},
    Command{"system prune", "[OPTIONS]", "Remove everything that is unused", "", {0, 0}, kYes, system_prune},

    Command{"volume create", "[OPTIONS] [VOLUME]", "Create a volume", "", {0, 1}, kYes, volume_create},
    Command{"volume inspect", "[OPTIONS] VOLUME [VOLUME...]", "Show all details of volumes", "", {1, kMany}, kYes, volume_inspect, plain, "volume"},
    Command{"volume ls", "[OPTIONS]", "Show volumes", "volume ls, volume list", {0, 0}, kYes, volume_ls},
    Command{"volume list", "[OPTIONS]", "Show volumes", "volume ls, volume list", {0, 0}, kYes, volume_ls, hidden},
    Command{"volume prune", "[OPTIONS]", "Remove unused volumes of this machine", "", {0, 0}, kYes, volume_prune},
    Command{"volume rm", "[OPTIONS] VOLUME [VOLUME...]", "Remove volumes that no container uses", "volume rm, volume remove", {1, kMany}, kYes, volume_rm, plain, "volume"},
    Command{"volume remove", "[OPTIONS] VOLUME [VOLUME...]", "Remove volumes that no container uses", "volume rm, volume remove", {1, kMany}, kYes, volume_rm, hidden, "volume"},
};
// clang-format on

}  // namespace

std::span<const Command> commands() {
    return kCommands;
}

const Command* find_command(std::string_view path) {
    auto found = std::ranges::find(kCommands, path, &Command::path);
    return found == kCommands.end() ? nullptr : &*found;
}

bool is_group(std::string_view name) {
    return std::ranges::any_of(kCommands, [&](const Command& command) {
        return command.path.size() > name.size() && command.path.starts_with(name) &&
               command.path[name.size()] == ' ';
    });
}

}  // namespace tare::cli::docker
