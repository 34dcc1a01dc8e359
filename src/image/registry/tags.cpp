// Distribution-spec, "Listing Tags".

#include "base/json.h"
#include "image/registry/request.h"

namespace tare::registry {

namespace {

constexpr std::size_t kPageLimitBytes = std::size_t{4} << 20;
constexpr std::size_t kTagLimit = 10'000;
constexpr std::string_view kPageTags = "1000";

struct Page {
    std::vector<std::string> tags;
    bool has_next = false;
};

Result<Page> page_of(Answered& answered) {
    Page page;
    Json document =
        TRY(parse_json(TRY(answered.exchange.read_all(kPageLimitBytes)), {.what = "list of tags"}));
    page.tags = TRY(JsonView(document, "list of tags").strings("tags"));
    page.has_next = answered.exchange.head().header("link").contains("rel=\"next\"");
    return page;
}

}  // namespace

Result<std::vector<std::string>> Repository::list_tags(const std::stop_token& cancel) {
    std::vector<std::string> tags;
    while (true) {
        Question question{.path = "/tags/list", .query = {{"n", std::string(kPageTags)}}};
        question.about = Question::About::name;
        // The link itself is not followed: it may lead anywhere, and the spec says what it has to mean.
        if (!tags.empty()) question.query.emplace_back("last", tags.back());
        Page page;
        TRY(ask(*state_, question, cancel, [&](Answered& answered) -> Result<> {
            page = TRY(page_of(answered));
            return {};
        }));
        // A registry that does not know `last` begins anew.
        const bool is_the_same = !tags.empty() && !page.tags.empty() && page.tags.front() == tags.front();
        if (!is_the_same) tags.insert(tags.end(), page.tags.begin(), page.tags.end());
        if (tags.size() > kTagLimit)
            return fail(ErrorKind::resource_exhausted, state_->reference.familiar_repository(),
                        " has more than ", kTagLimit, " tags");
        if (!page.has_next || page.tags.empty() || is_the_same) return tags;
    }
}

}  // namespace tare::registry
