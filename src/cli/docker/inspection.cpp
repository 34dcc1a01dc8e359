#include "cli/docker/inspection.h"

#include <optional>

#include "cli/common/safe_text.h"
#include "cli/common/template.h"
#include "cli/docker/api_shape.h"
#include "cli/docker/command.h"

namespace tare::cli::docker {

namespace {

// Goes on behind failures: what was found is shown, the failures come last.
class Collector {
  public:
    explicit Collector(const std::optional<Template>& format, bool as_json_lines)
        : format_(format), as_json_lines_(as_json_lines) {}

    void add(Json object) {
        if (as_json_lines_) {
            output_ += cat(dump(object), '\n');
        } else if (!format_) {
            found_.push(std::move(object));
        } else {
            TemplateScope scope;
            if (!format_->mentions_any(is_raw_name)) {
                scope.shape_of = api_shape;
                scope.alias_of = api_alias;
            }
            std::string partial;
            auto text = format_->execute(object, scope, &partial);
            output_ += cat(text ? *text : partial, '\n');
            if (!text) fail_with(text.error().prepend("template parsing error").message());
        }
    }
    void fail_with(std::string_view message) { failures_ += cat(message, '\n'); }

    int finish() {
        if (!format_ && !as_json_lines_) output_ = cat(dump(found_, 4), '\n');
        print(output_);
        print_error(failures_);
        return failures_.empty() ? 0 : kExitFailure;
    }

  private:
    const std::optional<Template>& format_;
    bool as_json_lines_;
    Json found_ = Json::array();
    std::string output_;
    std::string failures_;
};

}  // namespace

Result<int> inspect_each(Invocation& call, const std::string& format,
                         const std::function<Result<Json>(const std::string&)>& fetch) {
    std::optional<Template> parsed;
    if (!format.empty() && format != "json") {
        auto result = Template::parse(format);
        if (!result) {
            print_error(cat("template parsing error: ", result.error().message(), '\n'));
            return kExitTemplate;
        }
        parsed = std::move(*result);
    }
    Collector collector(parsed, format == "json");
    for (const std::string& name : call.arguments) {
        auto object = fetch(name);
        if (object) {
            collector.add(std::move(*object));
        } else {
            collector.fail_with(object.error().message());
        }
    }
    return collector.finish();
}

}  // namespace tare::cli::docker
