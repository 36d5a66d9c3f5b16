#include "ship/measure/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "host/ops/plugin.h"

namespace hone::ship {

namespace {

// What was given with --plugin.
Plugins given_plugins() {
  const auto tables = ops::plugins();
  Plugins p;
  p.list = tables.data();
  p.count = static_cast<int32_t>(tables.size());
  return p;
}

Status failure(hone_status code, const char* text) {
  const char* words = text == nullptr || *text == 0 ? hone_status_name(code) : text;
  return Status(static_cast<Code>(code), words);
}

IoInfo describe(const hone_tensor_info& i) {
  IoInfo io;
  io.name = i.name;
  io.dtype = static_cast<DType>(i.dtype);
  io.dims.assign(i.dims, i.dims + i.rank);
  io.shape_values = i.shape_values != 0;
  io.opt.assign(i.opt, i.opt + i.rank);
  for (int32_t axis = 0; axis < i.rank; ++axis) {
    io.symbols.emplace_back(i.symbols[axis] != nullptr ? i.symbols[axis] : "");
  }
  return io;
}

}  // namespace

Result<Session> Session::open(const std::string& path, int threads) {
  Session s;
  Text why;
  if (auto code =
          s.engine_.load_file(path.c_str(), &why, hone_default_allocator(), given_plugins());
      code != HONE_OK) {
    return failure(code, why.c_str());
  }
  HONE_RETURN_IF_ERROR(s.start(threads));
  return s;
}

Result<Session> Session::open(std::shared_ptr<const std::vector<std::byte>> bytes, int threads) {
  Session s;
  Text why;
  // The library keeps a pointer to bytes that begin at a multiple of 64, and must copy others.
  const bool aligned = reinterpret_cast<uintptr_t>(bytes->data()) % 64 == 0;
  const uint64_t flags = aligned ? 0 : HONE_LOAD_COPY;
  auto code = s.engine_.load_memory(bytes->data(), bytes->size(), &why, flags,
                                    hone_default_allocator(), given_plugins());
  if (code != HONE_OK) return failure(code, why.c_str());
  if (aligned) s.bytes_ = std::move(bytes);
  HONE_RETURN_IF_ERROR(s.start(threads));
  return s;
}

Result<Session> Session::open(std::span<const std::byte> bytes, int threads,
                              const hone_allocator& allocator) {
  Session s;
  Text why;
  auto code = s.engine_.load_memory(bytes.data(), bytes.size(), &why, HONE_LOAD_COPY, &allocator,
                                    given_plugins());
  if (code != HONE_OK) return failure(code, why.c_str());
  HONE_RETURN_IF_ERROR(s.start(threads));
  return s;
}

Status Session::start(int threads) {
  Text why;
  if (threads > 1) {
    if (auto code = pool_.create(threads, &why); code != HONE_OK) return failure(code, why.c_str());
  }
  auto code = context_.create(engine_, threads > 1 ? &pool_ : nullptr, HONE_ANY_PROFILE, 0, &why);
  if (code != HONE_OK) return failure(code, why.c_str());
  hone_engine_info info = engine_.info();
  for (int32_t i = 0; i < info.inputs; ++i) inputs_.push_back(describe(engine_.input(i)));
  for (int32_t i = 0; i < info.outputs; ++i) outputs_.push_back(describe(engine_.output(i)));
  return {};
}

std::vector<Dims> Session::default_shapes(int32_t profile) const {
  std::vector<Dims> shapes;
  for (size_t input = 0; input < inputs_.size(); ++input) {
    const IoInfo& io = inputs_[input];
    Dims dims = io.dims;
    for (size_t i = 0; i < dims.size(); ++i) {
      if (dims[i] >= 0) continue;
      dims[i] = io.opt[i];
      int64_t min = 0, opt = 0, max = 0;
      auto ranged = hone_engine_profile_range(engine_.get(), profile, static_cast<int32_t>(input),
                                              static_cast<int32_t>(i), &min, &opt, &max);
      if (ranged == HONE_OK) dims[i] = opt;
    }
    shapes.push_back(std::move(dims));
  }
  return shapes;
}

int32_t Session::profiles() const { return std::max(engine_.info().profiles, 1); }

Status Session::set_shape_values(size_t index, const Tensor& value) {
  if (!inputs_[index].shape_values || !is_integer(value.dtype())) return {};
  values_.resize(inputs_.size());
  Dims values = to_ints(value);
  if (is_bound_ && values == values_[index]) return {};
  auto code = hone_context_set_shape_values(context_.get(), static_cast<int32_t>(index),
                                            values.data(), static_cast<int32_t>(values.size()));
  if (code != HONE_OK) return failure(code, context_.error());
  values_[index] = std::move(values);
  is_bound_ = false;
  return {};
}

Status Session::set_shapes(const std::vector<Dims>& shapes) {
  if (shapes.size() != inputs_.size()) {
    return Status(Code::shape_mismatch, fmt::format("{} inputs given, the model takes {}",
                                                    shapes.size(), inputs_.size()));
  }
  is_bound_ = false;
  for (size_t i = 0; i < shapes.size(); ++i) {
    auto code = context_.set_shape(static_cast<int32_t>(i), shapes[i].data(),
                                   static_cast<int32_t>(shapes[i].size()));
    if (code != HONE_OK) return failure(code, context_.error());
  }
  return {};
}

Status Session::bind(const std::vector<Dims>& shapes) {
  if (is_bound_ && shapes == bound_) return {};
  HONE_RETURN_IF_ERROR(set_shapes(shapes));
  if (auto code = context_.bind(); code != HONE_OK) return failure(code, context_.error());
  bound_ = shapes;
  is_bound_ = true;
  return {};
}

Status Session::set_input(size_t index, const Tensor& value) {
  const IoInfo& io = inputs_[index];
  if (value.dtype() != io.dtype) {
    return Status(Code::shape_mismatch, fmt::format("input '{}' is {}, the model takes {}", io.name,
                                                    name(value.dtype()), name(io.dtype)));
  }
  auto buffer = sized<hone_buffer>();
  auto code = hone_context_input_buffer(context_.get(), static_cast<int32_t>(index), &buffer);
  if (code != HONE_OK) return failure(code, context_.error());
  if (buffer.bytes != static_cast<size_t>(value.bytes())) {
    return Status(Code::shape_mismatch, fmt::format("input '{}' has {} bytes, {} are bound",
                                                    io.name, value.bytes(), buffer.bytes));
  }
  if (buffer.bytes > 0) std::memcpy(buffer.data, value.data(), buffer.bytes);
  return {};
}

Status Session::run() {
  auto code = hone_run(context_.get());
  return code == HONE_OK ? Status() : failure(code, context_.error());
}

Tensor Session::output(size_t index) {
  auto buffer = sized<hone_buffer>();
  hone_context_output_buffer(context_.get(), static_cast<int32_t>(index), &buffer);
  Dims dims(buffer.dims, buffer.dims + buffer.rank);
  Tensor t(static_cast<DType>(buffer.dtype), dims);
  if (t.bytes() > 0) std::memcpy(t.mutable_data(), buffer.data, static_cast<size_t>(t.bytes()));
  return t;
}

Result<std::vector<Tensor>> Session::run(const std::vector<Tensor>& inputs) {
  std::vector<Dims> shapes;
  for (const Tensor& t : inputs) shapes.push_back(t.dims());
  for (size_t i = 0; i < inputs.size() && i < inputs_.size(); ++i) {
    HONE_RETURN_IF_ERROR(set_shape_values(i, inputs[i]));
  }
  HONE_RETURN_IF_ERROR(bind(shapes));
  for (size_t i = 0; i < inputs.size(); ++i) HONE_RETURN_IF_ERROR(set_input(i, inputs[i]));
  HONE_RETURN_IF_ERROR(run());
  std::vector<Tensor> outputs;
  for (size_t i = 0; i < outputs_.size(); ++i) outputs.push_back(output(i));
  return outputs;
}

}  // namespace hone::ship
