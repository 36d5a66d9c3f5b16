#include "host/exec/time_kernel.h"

#include <algorithm>
#include <cstring>

#include "host/exec/bound_step.h"
#include "host/plan/tactics.h"

namespace hone::exec {

namespace {

Result<Buffer> buffer_for(const kernels::Operand& o, bool fill) {
  int64_t elements = 0;
  if (!kernels::extent(o, &elements)) return invalid("an operand's extent does not fit");
  Buffer b(byte_size(o.dtype, elements));
  if (fill) kernels::fill_example(b.data(), o.dtype, elements);
  return b;
}

Result<double> time_one(const plan::Candidate& c, int threads, const TimingOptions& options,
                        const Buffer& evicted) {
  const kernels::Kernel& k = *c.kernel;
  plan::ConcreteStep raw;
  raw.in.assign(c.step.in.begin(), c.step.in.end());
  raw.out.assign(c.step.out.begin(), c.step.out.end());
  raw.attrs.assign(c.step.attrs.begin(), c.step.attrs.end());
  raw.dims.assign(c.step.dims.begin(), c.step.dims.end());
  plan::ConcreteStep packed = plan::as_packed(k, raw);
  HONE_ASSIGN(BoundStep bound, BoundStep::bind(k, packed.view()));
  const kernels::Step given = kernels::given_to(k, raw.view());

  std::vector<Buffer> keep;
  std::vector<const void*> in;
  std::vector<void*> out;
  for (size_t i = 0; i < packed.in.size(); ++i) {
    const void* p = nullptr;
    if (packed.in[i].present()) {
      bool was_packed = raw.in[i].constant && packed.in[i].dtype == DType::u8 &&
                        k.packed_bytes != nullptr && k.packed_bytes(given, static_cast<int>(i)) > 0;
      HONE_ASSIGN(Buffer b, buffer_for(packed.in[i], !raw.in[i].constant));
      if (was_packed) {
        k.pack(given, c.raw.data(), static_cast<int>(i), b.data());
      } else if (raw.in[i].constant && c.raw[i] != nullptr) {
        std::memcpy(b.data(), c.raw[i], static_cast<size_t>(b.bytes()));
      }
      keep.push_back(std::move(b));
      p = keep.back().data();
    }
    in.push_back(p);
  }
  for (const kernels::Operand& o : packed.out) {
    if (o.present()) {
      HONE_ASSIGN(Buffer b, buffer_for(o, false));
      keep.push_back(std::move(b));
    }
    out.push_back(o.present() ? keep.back().data() : nullptr);
  }
  const kernels::TimedStep step = bound.timed(in.data(), out.data());
  std::vector<double> samples(kernels::timing_samples(step, threads, options));
  return kernels::time_step(step, threads, options, c.fastest_ns,
                            {evicted.data(), static_cast<size_t>(evicted.bytes())}, samples);
}

}  // namespace

plan::TimeKernel make_timer(const Target& machine, const TimingOptions& options) {
  auto evicted = std::make_shared<Buffer>(kernels::cold_bytes(machine.l2_bytes));
  return [evicted, options](const plan::Candidate& c, int threads) {
    return time_one(c, std::max(threads, 1), options, *evicted);
  };
}

}  // namespace hone::exec
