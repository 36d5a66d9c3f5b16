// What `hone build --timing-requests` writes and hone-tune reads: a header, then records. Each is
// followed by its key (of the timing cache) and an engine of one step whose operands have fixed
// sizes; one without a key is the end. Little-endian.
#pragma once

#include <cstdint>

namespace hone::wire {

constexpr char tune_magic[8] = {'H', 'O', 'N', 'E', 'T', 'U', 'N', 'E'};
constexpr uint32_t tune_version = 1;
constexpr uint32_t max_tune_key = 1 << 16;
constexpr uint64_t max_tune_engine = uint64_t{1} << 34;

struct TuneHeader {
  char magic[8];
  uint32_t version;
  int32_t threads;        // to time for
  int64_t evicted_bytes;  // read between runs, so that weights are cold
  int32_t budget_us;      // for each record, and within it:
  int32_t min_runs;
  int32_t max_runs;
  uint32_t reserved;
};
static_assert(sizeof(TuneHeader) == 40);

struct TuneRecord {
  uint32_t key_bytes;
  uint32_t step;  // records of one step's candidates stand together and have its number
  uint64_t engine_bytes;
};
static_assert(sizeof(TuneRecord) == 16);

}  // namespace hone::wire
