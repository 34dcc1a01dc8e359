// The pull: one list of steps.

#include "base/fault.h"
#include "image/transfer/work.h"

namespace tare::transfer {

namespace {

/// What stands before "Pulling from": the tag, or with a digest the whole name, as dockerd says it.
std::string tag_or_name(const oci::Reference& reference) {
    return reference.digest().empty() ? reference.tag() : reference.text();
}

/// Whether the name stands for that digest already, with everything that belongs to it.
bool is_up_to_date(Images& images, const PullRequest& request, const oci::Descriptor& target) {
    auto row = images.names().get(request.ns, request.reference.text());
    if (!row || row->target.digest != target.digest) return false;
    auto platform = row->labels.find(std::string(kPlatformLabel));
    if (platform != row->labels.end() && platform->second != request.platform.text()) return false;
    auto image = images.resolve(request.ns, request.reference.text());
    return image && images.is_unpacked(*image);
}

Result<PulledImage> pull_missing(Images& images, Work& work, const PullRequest& request,
                                 const oci::Descriptor& target) {
    auto facts = TRY(fetch_facts(work, target, request.platform, request.is_platform_explicit));
    TRY(unpack_layers(work, facts));
    TRY(fault::point("transfer.pull.unpacked"));
    Image image{.name = request.reference.text(),
                .target = target,
                .labels = {{std::string(kPlatformLabel), request.platform.text()}}};
    TRY(move_name(images.names(), request.ns, image));
    TRY(fault::point("transfer.pull.named"));
    return PulledImage{.name = image.name, .target = target, .config = facts.manifest.config.digest};
}

void tell_status(Reporter& report, bool was_up_to_date, std::string_view name) {
    report.line(
        "",
        cat("Status: ", was_up_to_date ? "Image is up to date for " : "Downloaded newer image for ", name));
}

}  // namespace

Result<PulledImage> Images::pull(const PullRequest& request) {
    auto& reference = request.reference;
    auto& embedded = state_->parts.embedded;
    if (!embedded.archive.empty() && reference.repository() == embedded.repository)
        return pull_embedded(request);
    Reporter report(request.progress);
    report.line(tag_or_name(reference), cat("Pulling from ", reference.path()));
    auto repository = TRY(state_->parts.registry.open(reference, request.credentials));
    auto resolved = TRY(repository.resolve(reference, request.cancel));

    PulledImage pulled{.name = reference.text(), .target = resolved.descriptor};
    pulled.was_up_to_date = is_up_to_date(*this, request, resolved.descriptor);
    if (pulled.was_up_to_date) {
        pulled.config = TRY(resolve(request.ns, reference.text()))
        .id();
    } else {
        auto lease = TRY(store::Hold::begin(state_->parts.database, request.ns));
        Work work{.images = *state_,
                  .ns = request.ns,
                  .lease = lease,
                  .report = report,
                  .cancel = request.cancel,
                  .repository = &repository,
                  .source_host = reference.host(),
                  .source_repository = reference.path()};
        pulled = TRY(pull_missing(*this, work, request, resolved.descriptor));
    }
    // Kept, they would cost an idle daemon the trust store of each TLS connection.
    state_->parts.registry.client().close_idle();
    report.line("", cat("Digest: ", pulled.target.digest.text()));
    if (request.tells_status) tell_status(report, pulled.was_up_to_date, reference.familiar());
    return pulled;
}

Result<std::vector<PulledImage>> Images::pull_all_tags(const PullRequest& request) {
    Reporter report(request.progress);
    auto repository = TRY(state_->parts.registry.open(request.reference, request.credentials));
    std::vector<PulledImage> pulled;
    bool was_up_to_date = true;
    for (const std::string& tag : TRY(repository.list_tags(request.cancel))) {
        PullRequest one = request;
        one.reference = TRY(request.reference.with_tag(tag));
        one.tells_status = false;
        pulled.push_back(TRY(pull(one)));
        was_up_to_date = was_up_to_date && pulled.back().was_up_to_date;
    }
    tell_status(report, was_up_to_date, request.reference.familiar_repository());
    return pulled;
}

}  // namespace tare::transfer
