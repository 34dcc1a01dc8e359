#pragma once

// "Nobody wants this any more": how a client that has gone away stops the work it asked for.

#include <memory>
#include <stop_token>

#include "base/result.h"

namespace tare::posix {

/// One flag, shared by all copies, that goes up once. The side that knows raises it; work looks at it
/// between steps (`check`), or waits for its descriptor together with what it waits for anyway. Copies
/// may be used by any thread at the same time.
class CancelToken {
  public:
    CancelToken();

    void cancel() const;
    bool is_cancelled() const;
    /// `cancelled` "doing: cancelled, since nobody waits for it any more" once the flag is up.
    Result<> check(std::string_view doing) const;
    /// The same flag for code that takes the standard's token.
    std::stop_token stop_token() const;
    /// Readable from the moment of the cancel; owned by the token (an eventfd that nobody may read).
    /// Made at the first call.
    Result<int> descriptor() const;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace tare::posix
