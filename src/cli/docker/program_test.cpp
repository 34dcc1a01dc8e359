// The program as a whole against prepared answers: output, messages and exit statuses.

#include "cli/docker/fake_daemon.h"

namespace tare::cli::docker {
namespace {

constexpr std::string_view kContainers = R"([
  {"Id": "c7214674c7263c0bea99bda2a2f8f7774766d91aa99331520f490ca533bf0455", "Names": ["/web", "/other/link"],
   "Image": "docker.io/library/nginx:1", "ImageID": "sha256:aa", "Command": "nginx -g daemon off; and more words", "Created": 1,
   "Ports": [{"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}],
   "Labels": {"b": "2", "a": "1"}, "State": "running", "Status": "Up 2 hours",
   "Mounts": [{"Name": "data", "Driver": "local"}], "NetworkSettings": {"Networks": {"bridge": {}}}}
])";

TEST(Program, without_arguments_it_explains_itself) {
    FakeDaemon daemon;
    Outcome outcome = run_tare(daemon, {});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_NE(outcome.output.find("Usage:  tare [OPTIONS] COMMAND"), std::string::npos);
    for (std::string_view command : {"run", "ps", "exec", "cp", "container", "volume"})
        EXPECT_NE(outcome.output.find(cat("\n  ", command, ' ')), std::string::npos) << command;
}

TEST(Program, version_needs_no_daemon) {
    FakeDaemon daemon;
    EXPECT_EQ(run_tare(daemon, {"--version"}).output, "tare version 1.2.3\n");
    Outcome outcome = run_tare(daemon, {"version", "--client", "-f", "{{.Client.Version}}"});
    EXPECT_EQ(outcome.output, "1.2.3\n");
    EXPECT_TRUE(daemon.requests().empty());
}

TEST(Program, every_command_shows_its_help_without_a_daemon) {
    FakeDaemon daemon;
    for (const Command& command : commands()) {
        std::vector<std::string> words;
        for (std::string_view word : split(command.path, ' '))
            words.emplace_back(word);
        words.push_back("--help");
        Outcome outcome = run_tare(daemon, words);
        EXPECT_EQ(outcome.exit_code, 0) << command.path;
        EXPECT_TRUE(outcome.output.starts_with(cat("Usage:  tare ", command.path))) << outcome.output;
        EXPECT_NE(outcome.output.find(command.summary), std::string::npos) << command.path;
    }
    EXPECT_TRUE(daemon.requests().empty());
}

TEST(Program, an_unknown_command_fails_with_1) {
    FakeDaemon daemon;
    Outcome outcome = run_tare(daemon, {"foo"});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.errors, "tare: unknown command: tare foo\n\nRun 'tare --help' for more information\n");
    EXPECT_EQ(run_tare(daemon, {"container", "foo"}).errors,
              "tare: unknown command: tare container foo\n\nUsage:  tare container\n\nRun 'tare container "
              "--help' for more information\n");
}

TEST(Program, a_bad_flag_fails_with_125_and_the_usage) {
    FakeDaemon daemon;
    Outcome outcome = run_tare(daemon, {"ps", "--foo"});
    EXPECT_EQ(outcome.exit_code, 125);
    EXPECT_EQ(
        outcome.errors,
        "unknown flag: --foo\n\nUsage:  tare ps [OPTIONS]\n\nRun 'tare ps --help' for more information\n");
}

TEST(Program, a_wrong_number_of_arguments_fails_with_1) {
    FakeDaemon daemon;
    EXPECT_EQ(run_tare(daemon, {"rm"}).errors,
              "tare: 'tare rm' requires at least 1 argument\n\nUsage:  tare rm [OPTIONS] CONTAINER "
              "[CONTAINER...]\n\n"
              "See 'tare rm --help' for more information\n");
    EXPECT_EQ(
        run_tare(daemon, {"tag", "x"}).errors,
        "tare: 'tare tag' requires 2 arguments\n\nUsage:  tare tag SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]\n\n"
        "Run 'tare tag --help' for more information\n");
    Outcome outcome = run_tare(daemon, {"ps", "x"});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_TRUE(outcome.errors.starts_with("tare: 'tare ps' accepts no arguments\n"));
}

TEST(Program, other_ways_to_reach_a_daemon_are_refused_with_the_way_out) {
    FakeDaemon daemon;
    EXPECT_EQ(run_tare(daemon, {"--tlsverify", "ps"}).exit_code, 1);
    EXPECT_NE(run_tare(daemon, {"--context", "prod", "ps"}).errors.find("only \"default\""),
              std::string::npos);
}

TEST(Program, a_daemon_that_is_not_there_is_named) {
    FakeDaemon daemon;
    std::vector<std::string> arguments{"tare", "-H", "unix:///nonexistent.sock", "ps"};
    testing::internal::CaptureStderr();
    EXPECT_EQ(run_program(arguments, "1"), 1);
    EXPECT_EQ(
        testing::internal::GetCapturedStderr(),
        "Cannot connect to the Docker daemon at unix:///nonexistent.sock. Is the docker daemon running?\n");
}

TEST(Ps, the_table_is_docker_s) {
    FakeDaemon daemon;
    daemon.answer("GET /containers/json", 200, kContainers);
    Outcome outcome = run_tare(daemon, {"ps"});
    EXPECT_EQ(outcome.exit_code, 0);
    std::string header = outcome.output.substr(0, outcome.output.find('\n'));
    EXPECT_EQ(header,
              "CONTAINER ID   IMAGE     COMMAND                  CREATED        STATUS       PORTS           "
              "       NAMES");
    EXPECT_NE(outcome.output.find("c7214674c726   nginx:1   \"nginx -g daemon off…\""), std::string::npos)
        << outcome.output;
    EXPECT_NE(outcome.output.find("Up 2 hours   0.0.0.0:8080->80/tcp   web\n"), std::string::npos)
        << outcome.output;
}

TEST(Ps, formats_filters_and_labels) {
    FakeDaemon daemon;
    daemon.answer("GET /containers/json", 200, kContainers);
    EXPECT_EQ(run_tare(daemon, {"ps", "-q"}).output, "c7214674c726\n");
    EXPECT_EQ(
        run_tare(daemon, {"ps", "--format", "{{.Names}}\\t{{.Labels}} {{.Label \"b\"}}{{.Label \"x\"}}"})
            .output,
        "web\ta=1,b=2 2\n");
    EXPECT_EQ(
        run_tare(daemon, {"ps", "--no-trunc", "--format", "{{.Names}} {{.LocalVolumes}} {{.Mounts}}"}).output,
        "web,other/link 1 data\n");
    run_tare(daemon, {"ps", "-a", "-f", "name=x", "-n", "3"});
    EXPECT_TRUE(daemon.requests().back().starts_with(
        "GET /containers/json?all=1&limit=3&filters=%7B%22name%22%3A%7B%22x%22%3Atrue%7D%7D HTTP/1.1\r\n"));
    Outcome outcome = run_tare(daemon, {"ps", "--format", "{{.Foo}}"});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.errors,
              "failed to execute template: template: :1:2: executing \"\" at <.Foo>: can't evaluate field "
              "Foo in type *formatter.ContainerContext\n");
}

TEST(Ps, sizes_are_asked_for_only_if_they_are_shown) {
    FakeDaemon daemon;
    daemon.answer("GET /containers/json", 200, "[]");
    run_tare(daemon, {"ps"});
    EXPECT_EQ(daemon.requests().back().find("size"), std::string::npos);
    for (std::string_view format : {"{{.Size}}", "{{json .}}"}) {
        run_tare(daemon, {"ps", "--format", std::string(format)});
        EXPECT_NE(daemon.requests().back().find("size=1"), std::string::npos) << format;
    }
}

TEST(Images, names_digests_and_nameless_images) {
    FakeDaemon daemon;
    daemon.answer("GET /images/json", 200, R"([
        {"Id": "sha256:0123456789abcdef", "RepoTags": ["bb:1", "bb:2"], "RepoDigests": ["bb@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"], "Created": 1, "Size": 1984321, "SharedSize": -1, "Containers": -1},
        {"Id": "sha256:fedcba9876543210", "RepoTags": [], "RepoDigests": [], "Created": 1, "Size": 5, "SharedSize": -1, "Containers": -1}])");
    EXPECT_EQ(
        run_tare(daemon, {"images", "--format", "{{.Repository}}:{{.Tag}} {{.ID}} {{.Size}} {{.Containers}}"})
            .output,
        "bb:1 0123456789ab 1.98MB N/A\nbb:2 0123456789ab 1.98MB N/A\n<none>:<none> fedcba987654 5B N/A\n");
    EXPECT_NE(run_tare(daemon, {"images", "--digests"}).output.find("sha256:e3b0c44298fc1c14"),
              std::string::npos);
    EXPECT_EQ(run_tare(daemon, {"images", "-q"}).output, "0123456789ab\n0123456789ab\nfedcba987654\n");
}

TEST(Inspect, found_ones_are_shown_and_missing_ones_told) {
    FakeDaemon daemon;
    daemon.answer("GET /containers/a/json", 200, R"({"Id": "1", "Name": "/a", "State": {"Running": true}})");
    daemon.answer("GET /", 404, R"({"message": "No such object"})");
    Outcome outcome = run_tare(daemon, {"inspect", "a", "b"});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.output,
              "[\n    {\n        \"Id\": \"1\",\n        \"Name\": \"/a\",\n        \"State\": {\n"
              "            \"Running\": true\n        }\n    }\n]\n");
    EXPECT_EQ(outcome.errors, "Error: No such object: b\n");
    EXPECT_EQ(
        run_tare(daemon, {"inspect", "-f", "{{.ID}} {{if .State.Health}}h{{else}}-{{end}}", "a"}).output,
        "1 -\n");
    outcome = run_tare(daemon, {"inspect", "-f", "{{.Foo", "a"});
    EXPECT_EQ(outcome.exit_code, 64);
    EXPECT_EQ(outcome.errors, "template parsing error: template: :1: unclosed action\n");
    outcome = run_tare(daemon, {"inspect", "-f", "x{{.Foo}}", "a"});
    EXPECT_EQ(outcome.output, "x\n");
    EXPECT_EQ(outcome.exit_code, 1);
}

TEST(Stop, names_come_in_order_and_failures_last) {
    FakeDaemon daemon;
    daemon.answer("POST /containers/good", 204, "");
    daemon.answer("POST /containers/bad", 404, R"({"message": "No such container: bad"})");
    Outcome outcome = run_tare(daemon, {"stop", "-t", "3", "-s", "INT", "bad", "good"});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.output, "good\n");
    EXPECT_EQ(outcome.errors, "Error response from daemon: No such container: bad\n");
    EXPECT_NE(daemon.requests()[0].find("/stop?signal=INT&t=3 "), std::string::npos);
}

TEST(Rm, force_forgives_what_is_not_there) {
    FakeDaemon daemon;
    daemon.answer("DELETE /containers/x", 404, R"({"message": "No such container: x"})");
    EXPECT_EQ(run_tare(daemon, {"rm", "x"}).exit_code, 1);
    EXPECT_EQ(run_tare(daemon, {"rm", "-f", "x"}).exit_code, 0);
    EXPECT_NE(daemon.requests().back().find("?force=1 "), std::string::npos);
}

TEST(Security, names_from_the_command_line_stay_one_segment_of_the_path) {
    FakeDaemon daemon;
    run_tare(daemon, {"rm", "../images/x?force=1#"});
    EXPECT_TRUE(
        daemon.requests()[0].starts_with("DELETE /containers/..%2Fimages%2Fx%3Fforce%3D1%23 HTTP/1.1\r\n"));
    run_tare(daemon, {"rmi", "a b\r\nX: y"});
    EXPECT_TRUE(daemon.requests()[1].starts_with("DELETE /images/a%20b%0D%0AX:%20y HTTP/1.1\r\n"));
}

TEST(Logs, streams_are_told_apart) {
    FakeDaemon daemon;
    daemon.answer("GET /containers/x/json", 200, R"({"Id": "1", "Config": {"Tty": false}})");
    std::string body =
        cat(std::string("\1\0\0\0\0\0\0\4out\n", 12), std::string("\2\0\0\0\0\0\0\4err\n", 12));
    daemon.answer("GET /containers/1/logs?stdout=1&stderr=1&follow=1&tail=5 ", 200, body);
    Outcome outcome = run_tare(daemon, {"logs", "-f", "--tail", "5", "x"});
    EXPECT_EQ(outcome.output, "out\n");
    EXPECT_EQ(outcome.errors, "err\n");
}

TEST(Events, lines_formats_and_the_end) {
    FakeDaemon daemon;
    daemon.answer(
        "GET /events", 200,
        R"({"Type":"container","Action":"die","Actor":{"ID":"abc","Attributes":{"name":"x","exitCode":"1"}},"time":5,"timeNano":5000000001})"
        "\n");
    EXPECT_EQ(
        run_tare(daemon, {"events", "--format", "{{.Type}} {{.Action}} {{.Actor.Attributes.name}}"}).output,
        "container die x\n");
    std::string line = run_tare(daemon, {"events"}).output;
    EXPECT_NE(line.find(".000000001"), std::string::npos) << line;
    EXPECT_NE(line.find(" container die abc (exitCode=1, name=x)\n"), std::string::npos) << line;
}

TEST(Run, detached_prints_the_id_and_starts) {
    FakeDaemon daemon;
    daemon.answer("POST /containers/create?name=n ", 201, R"({"Id": "1234", "Warnings": ["careful"]})");
    daemon.answer("POST /containers/1234/start", 204, "");
    Outcome outcome = run_tare(daemon, {"run", "-d", "--name", "n", "bb", "sh", "-c", "x"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.output, "1234\n");
    EXPECT_EQ(outcome.errors, "WARNING: careful\n");
    EXPECT_NE(daemon.body_of("POST /containers/create").find(R"("Cmd":["sh","-c","x"])"), std::string::npos);
}

TEST(Run, failures_of_the_daemon_keep_docker_s_statuses) {
    for (auto [message, status] : {std::pair("exec: \"x\": executable file not found in $PATH", 127),
                                   {"exec: \"/etc\": permission denied", 126},
                                   {"something else", 125}}) {
        FakeDaemon daemon;
        daemon.answer("POST /containers/create", 201, R"({"Id": "1"})");
        daemon.answer("POST /containers/1/start", 400, dump(Json::object().set("message", message)));
        Outcome outcome = run_tare(daemon, {"run", "-d", "bb"});
        EXPECT_EQ(outcome.exit_code, status);
        EXPECT_EQ(outcome.errors, cat("tare: Error response from daemon: ", message,
                                      "\n\nRun 'tare run --help' for more information\n"));
    }
}

TEST(Run, an_attached_container_gives_its_streams_and_status) {
    FakeDaemon daemon;
    daemon.answer("POST /containers/create", 201, R"({"Id": "1"})");
    daemon.answer_raw(
        "POST /containers/1/attach?stream=1&stdout=1&stderr=1 ",
        cat("HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\nConnection: "
            "Upgrade\r\nUpgrade: tcp\r\n\r\n",
            std::string("\1\0\0\0\0\0\0\3hi\n", 11)));
    daemon.answer("POST /containers/1/wait?condition=removed", 200, R"({"StatusCode": 42})");
    daemon.answer("POST /containers/1/start", 204, "");
    Outcome outcome = run_tare(daemon, {"run", "--rm", "bb"});
    EXPECT_EQ(outcome.errors, "");
    EXPECT_EQ(outcome.output, "hi\n");
    EXPECT_EQ(outcome.exit_code, 42);
}

TEST(Run, a_missing_image_is_fetched_and_told_on_standard_error) {
    FakeDaemon daemon;
    daemon.answer("POST /containers/create", 404, R"({"message": "No such image: bb:latest"})");
    daemon.answer(
        "POST /images/create?fromImage=bb&tag=latest ", 200,
        "{\"status\":\"Pulling from library/bb\",\"id\":\"latest\"}\r\n{\"errorDetail\":{\"message\":\"no "
        "route\"},\"error\":\"no route\"}\r\n");
    Outcome outcome = run_tare(daemon, {"run", "-d", "bb"});
    EXPECT_EQ(outcome.exit_code, 125);
    EXPECT_EQ(outcome.errors,
              "Unable to find image 'bb:latest' locally\nlatest: Pulling from library/bb\n"
              "tare: no route\n\nRun 'tare run --help' for more information\n");
    EXPECT_EQ(run_tare(daemon, {"run", "-d", "--pull", "never", "bb"}).errors,
              "tare: Error response from daemon: No such image: bb:latest\n\nRun 'tare run --help' for more "
              "information\n");
}

TEST(Run, no_id_file_is_left_behind_by_a_failure) {
    FakeDaemon daemon;
    std::string path = cat(daemon.directory(), "/cid");
    EXPECT_EQ(run_tare(daemon, {"run", "-d", "--pull", "never", "--cidfile", path, "bb"}).exit_code, 125);
    EXPECT_FALSE(posix::exists(path));
    daemon.answer("POST /containers/create", 201, R"({"Id": "77"})");
    daemon.answer("POST /containers/77/start", 204, "");
    EXPECT_EQ(run_tare(daemon, {"run", "-d", "--cidfile", path, "bb"}).exit_code, 0);
    EXPECT_EQ(posix::read_file(path, 100).value(), "77");
    EXPECT_NE(run_tare(daemon, {"run", "-d", "--cidfile", path, "bb"}).errors.find("container ID file found"),
              std::string::npos);
}

TEST(Exec, the_command_s_status_is_ours) {
    FakeDaemon daemon;
    daemon.answer("GET /containers/x/json", 200, "{}");
    daemon.answer("POST /containers/x/exec", 201, R"({"Id": "e1"})");
    daemon.answer_raw("POST /exec/e1/start",
                      cat("HTTP/1.1 101 UPGRADED\r\n\r\n", std::string("\2\0\0\0\0\0\0\2e\n", 10)));
    daemon.answer("GET /exec/e1/json", 200, R"({"ExitCode": 3})");
    Outcome outcome = run_tare(daemon, {"exec", "-e", "A=1", "-w", "/w", "x", "ls", "-l"});
    EXPECT_EQ(outcome.exit_code, 3);
    EXPECT_EQ(outcome.errors, "e\n");
    std::string body = daemon.body_of("POST /containers/x/exec");
    EXPECT_NE(body.find(R"("Env":["A=1"],"WorkingDir":"/w","Cmd":["ls","-l"])"), std::string::npos) << body;
}

TEST(Exec, a_terminal_is_wanted_before_anything_is_made) {
    FakeDaemon daemon;
    daemon.answer("GET /containers/x/json", 200, "{}");
    Outcome outcome = run_tare(daemon, {"exec", "-it", "x", "sh"});
    if (outcome.errors != "the input device is not a TTY\n")
        GTEST_SKIP() << "the tests' own standard input is a terminal";
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(daemon.requests().size(), 1u);
}

TEST(Pull, progress_is_plain_without_a_terminal) {
    FakeDaemon daemon;
    daemon.answer("POST /images/create?fromImage=bb&tag=latest ", 200,
                  "{\"status\":\"Pulling from library/bb\",\"id\":\"latest\"}\n"
                  "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":1,\"total\":2},\"id\":\"aa\"}"
                  "{\"status\":\"Pull complete\",\"progressDetail\":{},\"id\":\"aa\"}\n"
                  "{\"status\":\"Status: Downloaded newer image for bb:latest\"}\n");
    EXPECT_EQ(run_tare(daemon, {"pull", "bb"}).output,
              "Using default tag: latest\nlatest: Pulling from library/bb\naa: Pull complete\n"
              "Status: Downloaded newer image for bb:latest\ndocker.io/library/bb:latest\n");
    EXPECT_EQ(run_tare(daemon, {"pull", "-q", "bb"}).output, "docker.io/library/bb:latest\n");
}

TEST(Completion, commands_flags_and_names) {
    FakeDaemon daemon;
    daemon.answer("GET /containers/json", 200, kContainers);
    auto complete = [&](std::vector<std::string> words) {
        // As the shell does it: first word of all.
        std::vector<std::string> arguments{"tare", "__complete"};
        arguments.insert(arguments.end(), words.begin(), words.end());
        ::setenv("DOCKER_HOST", cat("unix://", daemon.path()).c_str(), 1);
        testing::internal::CaptureStdout();
        run_program(arguments, "1");
        ::unsetenv("DOCKER_HOST");
        return testing::internal::GetCapturedStdout();
    };
    EXPECT_EQ(complete({"unp"}), "unpause\n");
    EXPECT_EQ(complete({"container", "unp"}), "unpause\n");
    EXPECT_EQ(complete({"ps", "--no"}), "--no-trunc\n");
    EXPECT_EQ(complete({"rm", "w"}), "web\n");
    EXPECT_EQ(complete({"run", "--pull", "al"}), "always\n");
    EXPECT_NE(
        run_tare(daemon, {"completion", "bash"}).output.find("complete -o default -F _tare_complete tare"),
        std::string::npos);
}

TEST(Version, each_component_stands_with_its_details) {
    FakeDaemon daemon;
    daemon.answer("GET /version", 200,
                  R"({"Platform": {"Name": "tare"}, "Version": "1.2.3", "ApiVersion": "1.50", "Components": [
                      {"Name": "Engine", "Version": "1.2.3", "Details": {"ApiVersion": "1.50", "MinAPIVersion": "1.24", "Os": "linux", "Arch": "amd64", "Experimental": "false"}},
                      {"Name": "tare-oci", "Version": "9", "Details": {"GitCommit": "abc"}}]})");
    std::string output = run_tare(daemon, {"version"}).output;
    EXPECT_NE(output.find("Server: tare\n Engine:\n  Version:          1.2.3\n  API version:      1.50 "
                          "(minimum version 1.24)\n"),
              std::string::npos)
        << output;
    EXPECT_NE(output.find(" tare-oci:\n  Version:          9\n  GitCommit:        abc\n"), std::string::npos)
        << output;
    EXPECT_EQ(run_tare(daemon, {"version", "-f", "{{.Server.APIVersion}}"}).output, "1.50\n");
}

}  // namespace
}  // namespace tare::cli::docker
