#include "image/snapshot/native.h"
#include "image/snapshot/overlay.h"
#include "image/snapshot/snapshotter_suite.h"

namespace tare::snapshot {

INSTANTIATE_TEST_SUITE_P(Overlay, SnapshotterSuite, testing::Values(&open_overlay));
INSTANTIATE_TEST_SUITE_P(Native, SnapshotterSuite, testing::Values(&open_native));

}  // namespace tare::snapshot
