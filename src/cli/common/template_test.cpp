#include "cli/common/template.h"

#include <gtest/gtest.h>

namespace tare::cli {
namespace {

Json json_of(std::string_view text) {
    auto parsed = parse_json(text);
    EXPECT_TRUE(parsed.has_value()) << text;
    return parsed ? *parsed : Json();
}

// The output, or "error: …".
std::string render(std::string_view text, const Json& data = Json(), const TemplateScope& scope = {}) {
    auto parsed = Template::parse(text);
    if (!parsed) return cat("error: ", parsed.error().message());
    auto out = parsed->execute(data, scope);
    return out ? *out : cat("error: ", out.error().message());
}

const Json& container() {
    static const Json document = json_of(R"({
        "Id": "abc", "Name": "/web", "RestartCount": 0, "Size": 1.5, "Big": 1e21,
        "State": {"Status": "running", "Running": true, "Pid": 42, "ExitCode": 0},
        "Config": {"Env": ["A=1", "B=2"], "Labels": {"b": "2", "a": "1", "com.x/y": "z"}, "Cmd": null},
        "NetworkSettings": {"Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}], "9/udp": null},
                            "Networks": {"bridge": {"IPAddress": "172.17.0.2"}}}
    })");
    return document;
}

TEST(Template, text_outside_actions_stays_as_it_is) {
    EXPECT_EQ(render("plain } } text"), "plain } } text");
    EXPECT_EQ(render(""), "");
}

TEST(Template, fields_are_read_through_nested_objects) {
    EXPECT_EQ(render("{{.Id}} {{.State.Pid}} {{.State.Running}}", container()), "abc 42 true");
    EXPECT_EQ(render("{{ .Name }}", container()), "/web");
}

TEST(Template, values_print_as_go_prints_them) {
    EXPECT_EQ(render("{{.Config.Env}}", container()), "[A=1 B=2]");
    EXPECT_EQ(render("{{.Config.Labels}}", container()), "map[a:1 b:2 com.x/y:z]");
    EXPECT_EQ(render("{{.Config.Cmd}}", container()), "<nil>");
    EXPECT_EQ(render("{{.Size}} {{.Big}}", container()), "1.5 1e+21");
    EXPECT_EQ(render("{{1.0}} {{0x10}} {{1e3}} {{'a'}} {{-3}}"), "1 16 1000 97 -3");
}

TEST(Template, index_reads_maps_and_lists) {
    EXPECT_EQ(render(R"({{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}})", container()),
              "8080");
    EXPECT_EQ(render(R"({{index .Config.Labels "com.x/y"}})", container()), "z");
    EXPECT_EQ(render(R"({{index .NetworkSettings.Networks "bridge" "IPAddress"}})", container()),
              "172.17.0.2");
    EXPECT_EQ(render(R"({{index .Config.Env 1}})", container()), "B=2");
}

TEST(Template, index_of_a_missing_label_is_empty) {
    EXPECT_EQ(render(R"([{{index .Config.Labels "none"}}])", container()), "[]");
}

TEST(Template, index_out_of_range_is_an_error_that_names_the_place) {
    EXPECT_EQ(render(R"({{index .Config.Env 7}})", container()),
              "error: template: :1:2: executing \"\" at <index>: error calling index: index out of range: 7");
}

TEST(Template, range_goes_over_lists_with_index_and_element) {
    EXPECT_EQ(render("{{range .Config.Env}}<{{.}}>{{end}}", container()), "<A=1><B=2>");
    EXPECT_EQ(render("{{range $i, $e := .Config.Env}}{{$i}}:{{$e}} {{end}}", container()), "0:A=1 1:B=2 ");
    EXPECT_EQ(render("{{range $e := .Config.Env}}{{$e}};{{end}}", container()), "A=1;B=2;");
}

TEST(Template, range_goes_over_maps_in_the_order_of_their_keys) {
    EXPECT_EQ(render("{{range $k, $v := .Config.Labels}}{{$k}}={{$v}},{{end}}", container()),
              "a=1,b=2,com.x/y=z,");
    EXPECT_EQ(render("{{range $p, $conf := .NetworkSettings.Ports}}{{$p}} -> {{(index $conf "
                     "0).HostPort}}{{break}}{{end}}",
                     container()),
              "80/tcp -> 8080");
}

TEST(Template, range_over_a_number_counts) {
    EXPECT_EQ(render("{{range 3}}{{.}}{{end}}"), "012");
}

TEST(Template, range_over_nothing_takes_the_else_branch) {
    EXPECT_EQ(render("{{range .Config.Cmd}}x{{else}}none{{end}}", container()), "none");
}

TEST(Template, break_and_continue_leave_and_skip) {
    EXPECT_EQ(render("{{range 5}}{{if eq . 1}}{{continue}}{{end}}{{if eq . 3}}{{break}}{{end}}{{.}}{{end}}"),
              "02");
    EXPECT_EQ(render("{{break}}"), "error: template: :1: {{break}} outside {{range}}");
}

TEST(Template, conditions_follow_gos_truth) {
    EXPECT_EQ(render("{{if .State.Running}}up{{else}}down{{end}}", container()), "up");
    EXPECT_EQ(render("{{if .State.ExitCode}}bad{{else}}good{{end}}", container()), "good");
    EXPECT_EQ(render(R"({{if ""}}1{{else if 0}}2{{else if "x"}}3{{else}}4{{end}})"), "3");
    EXPECT_EQ(render("{{if .Config.Cmd}}a{{else}}b{{end}}", container()), "b");
    EXPECT_EQ(render("{{if not .Config.Env}}a{{else}}b{{end}}", container()), "b");
}

TEST(Template, with_moves_the_dot) {
    EXPECT_EQ(render("{{with .State}}{{.Status}}{{end}}", container()), "running");
    EXPECT_EQ(render("{{with .Config.Cmd}}x{{else}}empty {{.Id}}{{end}}", container()), "empty abc");
    EXPECT_EQ(render("{{with $s := .State}}{{$s.Pid}} {{$.Id}}{{end}}", container()), "42 abc");
}

TEST(Template, variables_are_declared_assigned_and_scoped) {
    EXPECT_EQ(render(R"({{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}})"), "2");
    EXPECT_EQ(render(R"({{$x := 1}}{{if true}}{{$x := 2}}{{end}}{{$x}})"), "1");
    EXPECT_EQ(render("{{$y}}"), "error: template: :1: undefined variable \"$y\"");
    EXPECT_EQ(render("{{if true}}{{$z := 1}}{{end}}{{$.Id}}", container()), "abc");
}

TEST(Template, pipelines_pass_the_value_as_last_argument) {
    EXPECT_EQ(render(R"({{.Name | printf "%s-%s" "x"}})", container()), "x-/web");
    EXPECT_EQ(render(R"({{.Config.Env | len | printf "%03d"}})", container()), "002");
    EXPECT_EQ(render(R"({{"a" | upper | printf "%s!"}})"), "A!");
}

TEST(Template, parentheses_group) {
    EXPECT_EQ(render(R"({{if and (eq .State.Pid 42) (or false .State.Running)}}y{{end}})", container()), "y");
    EXPECT_EQ(render(R"({{(printf "%s" .Id) | upper}})", container()), "ABC");
}

TEST(Template, trim_marks_eat_white_space) {
    EXPECT_EQ(render("a  {{- 1 -}}  \n b"), "a1b");
    EXPECT_EQ(render("a {{- /* gone */ -}} b"), "ab");
    EXPECT_EQ(render("a {{/* gone */}} b"), "a  b");
    EXPECT_EQ(render("{{3 -}}\n\t4"), "34");
    EXPECT_EQ(render("{{-3}}"), "-3");
}

TEST(Template, comparisons) {
    EXPECT_EQ(
        render(R"({{eq 1 1}} {{eq "a" "b" "a"}} {{ne 1 2}} {{lt 1 2}} {{le 2 2}} {{gt "b" "a"}} {{ge 1 2}})"),
        "true true true true true true false");
    EXPECT_EQ(
        render(R"({{eq 1 "1"}})"),
        "error: template: :1:2: executing \"\" at <eq>: error calling eq: incompatible types for comparison");
}

TEST(Template, and_and_or_return_a_value_and_stop_early) {
    EXPECT_EQ(render(R"({{and 1 0 2}} {{or 0 "x" 2}} {{and true "last"}})"), "0 x last");
    EXPECT_EQ(render("{{or true (index .Config.Env 99)}}", container()), "true");
}

TEST(Template, printf_knows_gos_verbs) {
    EXPECT_EQ(render(R"({{printf "%d|%5d|%-5d|%05d|%x|%X|%o|%b" 42 42 42 42 255 255 8 5}})"),
              "42|   42|42   |00042|ff|FF|10|101");
    EXPECT_EQ(render(R"({{printf "%s|%10s|%-10s|%.2s|%q|%x" "abc" "abc" "abc" "abc" "a\"b" "hi"}})"),
              "abc|       abc|abc       |ab|\"a\\\"b\"|6869");
    EXPECT_EQ(
        render(R"({{printf "%v %t %.2f %6.1f %c %U %T %%" .Id true 1.005 3.14159 65 65 "x"}})", container()),
        "abc true 1.00    3.1 A U+0041 string %");
    EXPECT_EQ(render(R"({{printf "%*d" 5 42}})"), "   42");
}

TEST(Template, printf_shows_mistakes_as_go_does) {
    EXPECT_EQ(render(R"({{printf "%d" "x"}})"), "%!d(string=x)");
    EXPECT_EQ(render(R"({{printf "%s" 5}})"), "%!s(int=5)");
    EXPECT_EQ(render(R"({{printf "%d"}})"), "%!d(MISSING)");
    EXPECT_EQ(render(R"({{printf "a" 1}})"), "a%!(EXTRA int=1)");
    EXPECT_EQ(render(R"({{printf "%"}})"), "%!(NOVERB)");
}

TEST(Template, print_and_println_put_blanks_as_go_does) {
    EXPECT_EQ(render(R"({{print "a" "b" 1 2 "c"}})"), "ab1 2c");
    EXPECT_EQ(render(R"({{println "a" 1}})"), "a 1\n");
}

TEST(Template, docker_functions) {
    EXPECT_EQ(render("{{json .State}}", container()),
              R"({"Status":"running","Running":true,"Pid":42,"ExitCode":0})");
    EXPECT_EQ(render(R"({{json "<a>&"}})"), R"("<a>&")");
    EXPECT_EQ(render(R"({{join .Config.Env ","}})", container()), "A=1,B=2");
    EXPECT_EQ(render(R"({{split "a,b,c" ","}} {{index (split "a:b" ":") 1}})"), "[a b c] b");
    EXPECT_EQ(render(R"({{lower "AbC"}} {{upper "AbC"}} {{title "hello big world"}})"),
              "abc ABC Hello Big World");
    EXPECT_EQ(render(R"([{{pad "x" 1 2}}] [{{pad "" 1 2}}])"), "[ x  ] []");
    EXPECT_EQ(render(R"({{truncate "abcdef" 3}} {{truncate "ab" 9}})"), "abc ab");
}

TEST(Template, len_slice_and_escapers) {
    EXPECT_EQ(render(R"({{len "abc"}} {{len .Config.Env}} {{len .Config.Labels}})", container()), "3 2 3");
    EXPECT_EQ(render(R"({{slice "abcdef" 1 3}} {{slice .Config.Env 1}})", container()), "bc [B=2]");
    EXPECT_EQ(render(R"({{html "<a&'>"}} {{urlquery "a b/c"}} {{js "it's"}})"),
              "&lt;a&amp;&#39;&gt; a+b%2Fc it\\'s");
}

TEST(Template, raw_and_escaped_strings) {
    EXPECT_EQ(render("{{`a\\n\"b`}}"), "a\\n\"b");
    EXPECT_EQ(render(R"({{"tab\tnew\nq\"u\u00e9\x41"}})"),
              "tab\tnew\nq\"u\xC3\xA9"
              "A");
}

TEST(Template, defined_templates_are_called) {
    EXPECT_EQ(
        render(R"({{define "row"}}<{{.}}>{{end}}{{template "row" .Id}}{{template "row" 5}})", container()),
        "<abc><5>");
    EXPECT_EQ(render(R"({{block "b" .Name}}[{{.}}]{{end}})", container()), "[/web]");
    EXPECT_EQ(
        render(R"({{template "none"}})"),
        "error: template: :1:11: executing \"\" at <{{template \"none\"}}>: template \"none\" not defined");
}

TEST(Template, endless_recursion_ends_in_an_error) {
    EXPECT_NE(render(R"({{define "x"}}{{template "x"}}{{end}}{{template "x"}})").find("too deeply"),
              std::string::npos);
    std::string deep;
    for (int i = 0; i < 5000; ++i)
        deep += "{{if 1}}";
    EXPECT_NE(render(deep).find("too deeply"), std::string::npos);
    EXPECT_NE(render(cat("{{", std::string(5000, '('), "1")).find("error"), std::string::npos);
}

TEST(Template, a_missing_key_is_an_error_in_docker_s_words) {
    EXPECT_EQ(render("{{.Foo}}", container()),
              "error: template: :1:2: executing \"\" at <.Foo>: map has no entry for key \"Foo\"");
    TemplateScope scope;
    scope.type_name = "*formatter.ContainerContext";
    EXPECT_EQ(render("{{.Foo}}", container(), scope),
              "error: template: :1:2: executing \"\" at <.Foo>: can't evaluate field Foo in type "
              "*formatter.ContainerContext");
    EXPECT_EQ(render("x\n {{.State.Foo}}", container()),
              "error: template: :2:9: executing \"\" at <.State.Foo>: map has no entry for key \"Foo\"");
}

TEST(Template, syntax_errors_are_in_gos_words) {
    EXPECT_EQ(render("{{.Foo"), "error: template: :1: unclosed action");
    EXPECT_EQ(render("{{foo}}"), "error: template: :1: function \"foo\" not defined");
    EXPECT_EQ(render("{{if .X}}"), "error: template: :1: unexpected EOF");
    EXPECT_EQ(render("{{end}}"), "error: template: :1: unexpected {{end}}");
    EXPECT_EQ(render("{{\"abc}}"), "error: template: :1: unterminated quoted string");
    EXPECT_EQ(render("{{}}"), "error: template: :1: missing value for command");
    EXPECT_EQ(render("{{(1}}"), "error: template: :1: unclosed left paren");
    EXPECT_EQ(render("{{/* x"), "error: template: :1: unclosed comment");
}

TEST(Template, methods_take_arguments) {
    TemplateScope scope;
    scope.method = [](std::string_view name, std::span<const Value> arguments) -> std::optional<Value> {
        if (name != "Label" || arguments.size() != 1) return std::nullopt;
        return Value{Json(cat("label ", *arguments[0].json.as_string())), {}, true};
    };
    EXPECT_EQ(render(R"({{.Label "x"}} {{.Id}})", container(), scope), "label x abc");
    EXPECT_EQ(render(R"({{if .Label "x"}}yes{{end}} {{(.Label "y") | upper}})", container(), scope),
              "yes LABEL Y");
}

TEST(Template, header_functions_hand_the_column_name_through) {
    Json header = json_of(R"({"ID": "CONTAINER ID", "Labels": "LABELS"})");
    TemplateScope scope;
    scope.functions = TemplateScope::Functions::headers;
    EXPECT_EQ(render("{{json .ID}}\t{{.Labels | lower}}\t{{truncate .ID 3}}", header, scope),
              "CONTAINER ID\tLABELS\tCONTAINER ID");
}

Shape shape_for_test(std::string_view field) {
    if (field == "Labels" || field == "Ports") return Shape::map;
    if (field == "Binds") return Shape::list;
    if (field == "Health") return Shape::pointer;
    if (field == "MacAddress") return Shape::text;
    return Shape::unknown;
}

TEST(Template, a_missing_key_is_no_value_where_docker_says_so) {
    TemplateScope scope;
    scope.missing_key = TemplateScope::MissingKey::no_value;
    EXPECT_EQ(render("{{.State.Foo}} {{.State.Status}}", container(), scope), "<no value> running");
    EXPECT_EQ(render("{{if .State.Foo}}x{{else}}none{{end}}", container(), scope), "none");
}

TEST(Template, shapes_tell_structs_from_maps_and_fill_in_what_is_absent) {
    TemplateScope scope;
    scope.shape_of = shape_for_test;
    EXPECT_EQ(render("{{.State}}", container(), scope), "{running true 42 0}");
    EXPECT_EQ(render("{{.NetworkSettings.Ports}}", container(), scope),
              "map[80/tcp:[{0.0.0.0 8080}] 9/udp:<nil>]");
    EXPECT_EQ(render("{{if .State.Health}}x{{else}}no health{{end}}", container(), scope), "no health");
    EXPECT_EQ(render("[{{.MacAddress}}] {{.Binds}}", container(), scope), "[] []");
    EXPECT_EQ(render(R"({{if eq .MacAddress ""}}same{{end}})", container(), scope), "same");
    EXPECT_EQ(render("{{.Foo}}", container(), scope),
              "error: template: :1:2: executing \"\" at <.Foo>: map has no entry for key \"Foo\"");
}

TEST(Template, mentions_finds_fields_in_every_branch) {
    auto parsed = Template::parse("{{if .A}}{{range .B}}{{(index .Size 0)}}{{end}}{{else}}{{.C}}{{end}}");
    ASSERT_TRUE(parsed.has_value());
    for (std::string_view name : {"A", "B", "C", "Size"})
        EXPECT_TRUE(parsed->mentions(name)) << name;
    EXPECT_FALSE(parsed->mentions("D"));
}

TEST(Template, what_was_written_before_a_failure_is_kept) {
    auto parsed = Template::parse("before {{.Foo}}");
    ASSERT_TRUE(parsed.has_value());
    std::string partial;
    EXPECT_FALSE(parsed->execute(container(), {}, &partial).has_value());
    EXPECT_EQ(partial, "before ");
}

}  // namespace
}  // namespace tare::cli
