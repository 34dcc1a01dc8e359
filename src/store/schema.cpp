#include "store/schema.h"

#include "store/schema.sql.h"

namespace tare::store {

const Schema& Schema::current() {
    static const Schema schema(1, kSchemaSql, {});
    return schema;
}

}  // namespace tare::store
