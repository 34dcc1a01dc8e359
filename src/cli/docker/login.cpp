// login and logout.

#include "cli/common/safe_text.h"
#include "cli/docker/command.h"
#include "cli/docker/credentials.h"
#include "cli/docker/daemon.h"
#include "cli/docker/each_name.h"
#include "cli/docker/verbs.h"
#include "posix/terminal.h"

namespace tare::cli::docker {

namespace {

constexpr std::size_t kMaxSecretBytes = 64 << 10;

struct Options {
    std::string username, password;
    bool password_from_input = false;
};

Result<> check_options(const Options& options, const FlagSet& flags) {
    if (flags.is_set("password") && options.password_from_input)
        return fail(ErrorKind::invalid_argument,
                    "conflicting options: cannot specify both --password and --password-stdin");
    if (flags.is_set("password"))
        print_error("WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n");
    if (options.password_from_input && options.username.empty())
        return fail(ErrorKind::invalid_argument, "the --password-stdin option requires --username to be set");
    return {};
}

Result<std::string> read_line(bool echo) {
    std::optional<posix::RawMode> raw;
    if (!echo) raw.emplace(TRY(posix::RawMode::enter(0)));
    std::string line;
    for (char c = 0; line.size() < kMaxSecretBytes;) {
        if (TRY(posix::read_some(0, &c, 1)) == 0 || c == '\n' || c == '\r') break;
        if (c == 3 || c == 4) return fail(ErrorKind::cancelled, "login was cancelled");  // ctrl-c, ctrl-d
        if (c == 127 || c == 8) {
            if (!line.empty()) line.pop_back();
        } else {
            line += c;
        }
    }
    if (raw) raw->leave();
    if (!echo) print("\n");
    return line;
}

Result<Credential> ask(const Options& options, std::string_view known_user) {
    Credential credential{options.username, options.password, {}};
    if (options.password_from_input) {
        credential.password = TRY(posix::read_to_end(0, kMaxSecretBytes));
        while (credential.password.ends_with('\n') || credential.password.ends_with('\r'))
            credential.password.pop_back();
        return credential;
    }
    if ((credential.username.empty() || credential.password.empty()) && !posix::is_terminal(0))
        return fail(ErrorKind::failed_precondition,
                    "Error: Cannot perform an interactive login from a non TTY device");
    if (credential.username.empty()) {
        print(known_user.empty() ? std::string("Username: ") : cat("Username (", known_user, "): "));
        credential.username = trim(TRY(read_line(true)));
        if (credential.username.empty()) credential.username = known_user;
        if (credential.username.empty()) return fail(ErrorKind::invalid_argument, "username is required");
    }
    if (credential.password.empty()) {
        print("Password: ");
        credential.password = TRY(read_line(false));
        if (credential.password.empty()) return fail(ErrorKind::invalid_argument, "password is required");
    }
    return credential;
}

Result<Json> try_login(Daemon& daemon, std::string_view key, const Credential& credential) {
    Json body = Json::object();
    body.set("username", credential.username).set("password", credential.password).set("serveraddress", key);
    if (!credential.identity_token.empty()) body.set("identitytoken", credential.identity_token);
    return daemon.post("/auth", body);
}

Result<> keep(const CredentialStore& store, const std::string& key, Credential credential,
              const Json& answer) {
    if (std::string token = text_at(answer, "IdentityToken"); !token.empty())
        credential = {credential.username, {}, token};
    const bool is_news = !TRY(store.find(key));
    TRY_CONTEXT(store.store(key, credential), "Error saving credentials");
    if (is_news && TRY(store.is_plain(key)))
        print_error(cat("\nWARNING! Your credentials are stored unencrypted in '", store.config_path(),
                        "'.\nA credential helper (\"credsStore\" in that file) keeps them out of it.\n\n"));
    std::string status = text_at(answer, "Status");
    if (!status.empty()) print(cat(status, '\n'));
    return {};
}

std::string key_of(const Invocation& call) {
    std::string server = call.arguments.empty() ? "docker.io" : call.arguments[0];
    return config_key_of(server);
}

}  // namespace

Result<int> login(Invocation& call) {
    Options options;
    call.flags.text(options.password, "password", 'p', "Password or access token");
    call.flags.boolean(options.password_from_input, "password-stdin", 0,
                       "Read the password from standard input");
    call.flags.text(options.username, "username", 'u', "Name of the user");
    if (!call.parse()) return call.exit_code();
    TRY(check_options(options, call.flags));

    const std::string key = key_of(call);
    CredentialStore store(call.settings);
    Daemon daemon(call.settings);
    std::string known_user;
    if (options.username.empty() && options.password.empty()) {
        if (auto known = TRY(store.find(key))) {
            known_user = known->username;
            print_error(cat("Authenticating with existing credentials...",
                            known_user.empty() ? std::string() : cat(" [Username: ", known_user, ']'), '\n'));
            auto answer = try_login(daemon, key, *known);
            if (answer) {
                TRY(keep(store, key, *known, *answer));
                return 0;
            }
            print_error(answer.error().is(ErrorKind::unauthenticated)
                            ? std::string("Stored credentials invalid or expired\n")
                            : cat("Login did not succeed, error: ", answer.error().message(), '\n'));
        }
    }
    Credential credential = TRY(ask(options, known_user));
    Json answer = TRY(try_login(daemon, key, credential));
    TRY(keep(store, key, std::move(credential), answer));
    return 0;
}

Result<int> logout(Invocation& call) {
    if (!call.parse()) return call.exit_code();
    const std::string key = key_of(call);
    print(cat("Removing login credentials for ", key, '\n'));
    TRY(CredentialStore(call.settings).erase(key));
    return 0;
}

}  // namespace tare::cli::docker
