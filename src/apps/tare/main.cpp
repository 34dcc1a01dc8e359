// tare: Docker's commands, spoken to tared over its socket.

#include <csignal>
#include <string>
#include <vector>

#include "cli/docker/command.h"

int main(int argc, char** argv) {
    // A reader that went away shows as a failed write, not as death with a container attached.
    std::signal(SIGPIPE, SIG_IGN);
    std::vector<std::string> arguments(argv, argv + argc);
    return tare::cli::docker::run_program(arguments, TARE_VERSION);
}
