#include "cli/docker/container_create.h"

#include <fcntl.h>

#include "cli/common/go_format.h"
#include "cli/common/safe_text.h"
#include "cli/docker/command.h"
#include "cli/docker/each_name.h"
#include "cli/docker/image_name.h"
#include "cli/docker/pull.h"
#include "cli/docker/verbs.h"
#include "posix/file.h"

namespace tare::cli::docker {

namespace {

// The file of --cidfile: taken before the container is made, gone again if none is.
class IdFile {
  public:
    static Result<IdFile> open(const std::string& path) {
        IdFile file;
        if (path.empty()) return file;
        auto opened = posix::open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
        if (!opened && opened.error().is(ErrorKind::already_exists))
            return fail(ErrorKind::already_exists,
                        "container ID file found, make sure the other container isn't running or delete ",
                        path);
        file.fd_ = TRY_CONTEXT(std::move(opened), "failed to create the container ID file");
        file.path_ = path;
        return file;
    }
    IdFile(IdFile&& other) noexcept : path_(std::exchange(other.path_, {})), fd_(std::move(other.fd_)) {}
    ~IdFile() {
        // Not written: there is no container.
        if (!path_.empty()) (void)posix::remove_file(path_);
    }

    Result<> write(const std::string& id) {
        if (path_.empty()) return {};
        TRY_CONTEXT(posix::write_all(fd_.get(), id), "failed to write the container ID to the file");
        path_.clear();
        return {};
    }

  private:
    IdFile() = default;
    std::string path_;
    posix::Fd fd_;
};

bool is_image_id(std::string_view image) {
    if (image.starts_with("sha256:")) return true;
    return image.size() == 64 && image.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<> pull_for_create(Daemon& daemon, const CreateOptions& options) {
    PullOptions pull{.platform = options.platform, .progress_descriptor = options.quiet ? -1 : 2};
    return pull_image(daemon, TRY(parse_image_name(options.image)), pull);
}

bool is_loopback(std::string_view address) {
    return address.starts_with("127.") || address == "::1";
}

}  // namespace

Result<> check_pull_option(std::string_view option) {
    if (option.empty() || option == "always" || option == "missing" || option == "never") return {};
    return fail(ErrorKind::invalid_argument, "invalid pull option: '", option,
                "': must be one of \"always\", \"missing\" or \"never\"");
}

std::string with_help(std::string_view program, std::string_view command, std::string_view message) {
    return cat(program, ": ", message, "\n\nRun '", program, ' ', command, " --help' for more information\n");
}

Result<Json> checked_create_request(const CreateOptions& options, const FlagSet& flags) {
    TRY(check_pull_option(options.pull));
    if (options.use_api_socket)
        return fail(ErrorKind::unimplemented, "--use-api-socket is not supported: mount the socket with -v");
    return create_request(options, flags, TRY(posix::real_path(".")));
}

Result<std::string> create_container(Daemon& daemon, const CreateOptions& options, const Json& request) {
    IdFile id_file = TRY(IdFile::open(options.cid_file));
    if (!is_image_id(options.image)) TRY(parse_image_name(options.image));
    if (options.pull == "always") TRY(pull_for_create(daemon, options));
    Query query;
    query.add_if("name", options.name).add_if("platform", options.platform);
    auto target = cat("/containers/create", query.text());
    auto created = daemon.post(target, request);
    const bool is_missing = !created && created.error().is(ErrorKind::not_found) && options.pull == "missing";
    if (is_missing && !is_image_id(options.image)) {
        ImageName name = TRY(parse_image_name(options.image));
        name.repository = familiar_repository(name.repository);
        if (!options.quiet)
            print_error(cat("Unable to find image '", name.with_default_tag(), "' locally\n"));
        TRY(pull_for_create(daemon, options));
        created = daemon.post(target, request);
    }
    Json answer = TRY(std::move(created));
    for (const Json& warning : array_at(answer, "Warnings"))
        print_error(cat("WARNING: ", go_print(warning), '\n'));
    for (const std::string& dns : options.dns)
        if (is_loopback(dns))
            print_error(cat("WARNING: Localhost DNS (", dns, ") may fail in containers.\n"));
    std::string id = text_at(answer, "Id");
    TRY(id_file.write(id));
    return id;
}

Result<int> create(Invocation& call) {
    CreateOptions options;
    define_create_flags(call.flags, options);
    if (!call.parse()) return call.exit_code();
    options.image = call.arguments[0];
    options.command.assign(call.arguments.begin() + 1, call.arguments.end());
    auto request = checked_create_request(options, call.flags);
    if (!request) {
        print_error(with_help(call.program(), "create", request.error().message()));
        return kExitDaemon;
    }
    Daemon daemon(call.settings);
    print(cat(TRY(create_container(daemon, options, *request)), '\n'));
    return 0;
}

}  // namespace tare::cli::docker
