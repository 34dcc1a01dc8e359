// The pull of the image that the program carries: what a registry would bring comes out of an archive.

#include "image/transfer/work.h"

namespace tare::transfer {

Result<PulledImage> Images::pull_embedded(const PullRequest& request) {
    auto& reference = request.reference;
    Reporter report(request.progress);
    report.line(reference.tag(), cat("Pulling from ", reference.path()));
    auto before = resolve(request.ns, reference.text());
    bool was_there = before && is_unpacked(*before);
    if (!was_there) {
        layer::StringSource archive(state_->parts.embedded.archive);
        TRY(load_archive(archive, {.ns = request.ns,
                                   .platform = request.platform,
                                   .progress = request.progress,
                                   .cancel = request.cancel}));
    }
    auto image = resolve(request.ns, reference.text());
    if (!image)
        return fail(ErrorKind::not_found, "manifest for ", reference.familiar(),
                    " not found: tare carries the tag latest of it alone");
    report.line("", cat("Digest: ", image->target.digest.text()));
    report.line("", cat("Status: ", was_there ? "Image is up to date for " : "Downloaded newer image for ",
                        reference.familiar()));
    return PulledImage{.name = reference.text(),
                       .target = image->target,
                       .config = image->id(),
                       .was_up_to_date = was_there};
}

}  // namespace tare::transfer
