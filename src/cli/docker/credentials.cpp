#include "cli/docker/credentials.h"

#include <fcntl.h>

#include "cli/common/key_value.h"
#include "cli/docker/each_name.h"
#include "posix/credentials.h"
#include "posix/file.h"
#include "posix/process.h"
#include "posix/tree.h"

namespace tare::cli::docker {

namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 20;
constexpr auto kHelperTime = std::chrono::seconds(60);
constexpr std::string_view kHubKey = "https://index.docker.io/v1/";
// What helpers need of the user's session; the rest is not their business.
constexpr std::string_view kPassedVariables[] = {"PATH",
                                                 "HOME",
                                                 "USER",
                                                 "LANG",
                                                 "XDG_RUNTIME_DIR",
                                                 "XDG_CONFIG_HOME",
                                                 "DBUS_SESSION_BUS_ADDRESS",
                                                 "DISPLAY",
                                                 "WAYLAND_DISPLAY",
                                                 "GNUPGHOME",
                                                 "GPG_TTY",
                                                 "PASSWORD_STORE_DIR",
                                                 "AWS_PROFILE",
                                                 "AWS_REGION",
                                                 "AWS_ACCESS_KEY_ID",
                                                 "AWS_SECRET_ACCESS_KEY",
                                                 "AWS_SESSION_TOKEN",
                                                 "AWS_SHARED_CREDENTIALS_FILE",
                                                 "AWS_CONFIG_FILE",
                                                 "GOOGLE_APPLICATION_CREDENTIALS",
                                                 "TMPDIR"};

std::string helper_for(const Json& config, std::string_view key) {
    std::string helper = text_at(member_at(config, "credHelpers"), key);
    return helper.empty() ? text_at(config, "credsStore") : helper;
}

bool is_trusted_program(const std::string& path) {
    auto fd = posix::open_file(path, O_PATH);
    if (!fd) return false;
    auto status = posix::status_of(fd->get());
    return status && status->is(posix::FileType::regular) && (status->permissions & 0022) == 0 &&
           (status->uid == 0 || status->uid == posix::effective_user());
}

Result<std::string> find_helper(std::string_view name) {
    constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    if (name.empty() || name.find_first_not_of(kAllowed) != std::string_view::npos)
        return fail(ErrorKind::invalid_argument, "credential helper ", quote(name), ": no name of a program");
    std::string program = cat("docker-credential-", name);
    std::string path = environment("PATH").value_or("/usr/local/bin:/usr/bin:/bin");
    for (std::string_view directory : split(path, ':')) {
        // An entry that is empty or relative means the current directory.
        if (!directory.starts_with('/')) continue;
        std::string candidate = cat(directory, '/', program);
        if (is_trusted_program(candidate)) return candidate;
    }
    return fail(ErrorKind::failed_precondition, program,
                ": no such program in PATH that belongs to root or to you alone");
}

// Registries that older clients wrote down with scheme or path.
std::string_view bare_host(std::string_view key) {
    for (std::string_view scheme : {"https://", "http://"})
        if (key.starts_with(scheme)) key.remove_prefix(scheme.size());
    return cut(key, '/').before;
}

std::optional<Credential> decode_entry(const Json& entry) {
    Credential credential{text_at(entry, "username"), text_at(entry, "password"),
                          text_at(entry, "identitytoken")};
    if (auto decoded = base64_decode(text_at(entry, "auth")); decoded && !decoded->empty()) {
        auto [user, password] = cut(*decoded, ':');
        credential.username = user;
        credential.password = std::string(password.value_or(""));
        while (credential.password.ends_with('\0'))
            credential.password.pop_back();
    }
    if (credential.username.empty() && credential.identity_token.empty()) return std::nullopt;
    return credential;
}

}  // namespace

std::string config_key_of(std::string_view registry) {
    return registry == "docker.io" || registry == "index.docker.io" ? std::string(kHubKey)
                                                                    : std::string(registry);
}

Result<Json> CredentialStore::read_config() const {
    auto text = posix::read_file(config_path(), kMaxBytes);
    if (!text && text.error().is(ErrorKind::not_found)) return Json::object();
    std::string content = TRY(std::move(text));
    if (trim(content).empty()) return Json::object();
    return parse_json(content, {.what = config_path()});
}

Result<> CredentialStore::write_config(const Json& config) const {
    TRY(posix::make_directories(settings_.config_directory, 0700));
    return posix::write_file_atomic(config_path(), cat(dump(config, 4), '\n'), 0600);
}

Result<std::string> CredentialStore::run_helper(std::string_view helper, std::string_view verb,
                                                std::string_view input) const {
    std::string program = TRY(find_helper(helper));
    posix::Pipe to = TRY(posix::make_pipe());
    posix::Pipe from = TRY(posix::make_pipe());
    posix::SpawnOptions options;
    options.program = program;
    options.args = {program, std::string(verb)};
    for (std::string_view name : kPassedVariables)
        if (auto value = environment(name)) options.env.push_back(cat(name, '=', *value));
    options.descriptors = {{to.read_end.get(), 0}, {from.write_end.get(), 1}, {2, 2}};
    posix::Process process = TRY(posix::spawn(options));
    to.read_end.reset();
    from.write_end.reset();
    // A helper that does not read its input says why on its output.
    (void)posix::write_all(to.write_end.get(), input);
    to.write_end.reset();
    std::string output = TRY(posix::read_to_end(from.read_end.get(), kMaxBytes));
    posix::ExitStatus status = TRY(process.wait(Deadline::after(kHelperTime)));
    if (status.shell_code() == 0) return output;
    ErrorKind kind =
        output.find("not found") != std::string::npos ? ErrorKind::not_found : ErrorKind::unavailable;
    return fail(kind, "credential helper ", program, " ", verb, ": ", trim(output));
}

Result<std::optional<Credential>> CredentialStore::find(std::string_view key) const {
    Json config = TRY(read_config());
    if (std::string helper = helper_for(config, key); !helper.empty()) {
        auto output = run_helper(helper, "get", key);
        if (!output && output.error().is(ErrorKind::not_found)) return std::optional<Credential>();
        Json answer = TRY(parse_json(TRY(std::move(output)), {.what = "answer of the credential helper"}));
        Credential credential{text_at(answer, "Username"), text_at(answer, "Secret"), {}};
        // Helpers mark a token by this name.
        if (credential.username == "<token>") credential = {{}, {}, credential.password};
        return std::optional<Credential>(std::move(credential));
    }
    const Json& entries = member_at(config, "auths");
    if (const Json* exact = entries.find(key)) return decode_entry(*exact);
    for (const auto& [name, entry] : object_at(config, "auths"))
        if (bare_host(name) == bare_host(key)) return decode_entry(entry);
    return std::optional<Credential>();
}

Result<bool> CredentialStore::is_plain(std::string_view key) const {
    return helper_for(TRY(read_config()), key).empty();
}

Result<> CredentialStore::store(std::string_view key, const Credential& credential) const {
    Json config = TRY(read_config());
    if (config.find("auths") == nullptr) config.set("auths", Json::object());
    Json entry = Json::object();
    if (std::string helper = helper_for(config, key); !helper.empty()) {
        bool is_token = !credential.identity_token.empty();
        Json input = Json::object();
        input.set("ServerURL", key).set("Username", is_token ? std::string("<token>") : credential.username);
        input.set("Secret", is_token ? credential.identity_token : credential.password);
        TRY(run_helper(helper, "store", dump(input)));
    } else {
        entry.set("auth", base64_encode(cat(credential.username, ':',
                                            credential.identity_token.empty() ? credential.password : "")));
        if (!credential.identity_token.empty()) entry.set("identitytoken", credential.identity_token);
    }
    config.find("auths")->set(key, std::move(entry));
    return write_config(config);
}

Result<> CredentialStore::erase(std::string_view key) const {
    Json config = TRY(read_config());
    bool had_entry = false;
    if (Json* entries = config.find("auths"); entries != nullptr && entries->find(key) != nullptr) {
        entries->erase(key);
        had_entry = true;
        TRY(write_config(config));
    }
    if (std::string helper = helper_for(config, key); !helper.empty() && had_entry)
        TRY(run_helper(helper, "erase", key));
    return {};
}

}  // namespace tare::cli::docker
