// hone.hpp: hone.h with owners instead of pointers. C++17, header only, no exceptions, no
// allocation of its own. Conventions (status, structs, threads) are hone.h's.
//
//   hone::Engine engine;
//   hone::Text why;
//   if (engine.load_file("model.hone", &why) != HONE_OK) { ... why.c_str() ... }
//   hone::Context context;
//   if (context.create(engine) != HONE_OK || context.bind() != HONE_OK) { ... context.error() ... }
//   float* x = context.input<float>(0);
//   ...
//   if (context.run() != HONE_OK) { ... }
//   const float* y = context.output<float>(0);
#ifndef HONE_HONE_HPP_
#define HONE_HONE_HPP_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "hone/hone.h"

namespace hone {

// Where calls that have no context yet put what went wrong.
class Text {
 public:
  const char* c_str() const { return text_; }
  char* data() { return text_; }
  static constexpr std::size_t size() { return sizeof(text_); }

 private:
  char text_[256] = "";
};

// A struct of hone.h with its size set.
template <class T>
T sized() {
  T t{};
  t.struct_size = sizeof(T);
  return t;
}

// Owns a T*, freed by `Free`. Moves, does not copy.
template <class T, void (*Free)(T*)>
class Handle {
 public:
  Handle() = default;
  Handle(Handle&& o) noexcept : p_(std::exchange(o.p_, nullptr)) {}
  Handle& operator=(Handle&& o) noexcept {
    if (this != &o) reset(std::exchange(o.p_, nullptr));
    return *this;
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { Free(p_); }

  T* get() const { return p_; }
  explicit operator bool() const { return p_ != nullptr; }
  void reset(T* p = nullptr) {
    Free(p_);
    p_ = p;
  }

 protected:
  T* p_ = nullptr;
};

class Pool : public Handle<hone_pool, hone_pool_free> {
 public:
  hone_status create(int32_t threads, Text* why = nullptr,
                     const hone_allocator* allocator = hone_default_allocator()) {
    auto o = sized<hone_pool_options>();
    o.allocator = allocator;
    o.threads = threads;
    if (why != nullptr) o.error_text = why->data(), o.error_text_bytes = Text::size();
    hone_pool* made = nullptr;
    const hone_status s = hone_pool_create(&o, &made);
    reset(made);
    return s;
  }
  int32_t threads() const { return hone_pool_threads(p_); }
};

// Tables of operators that an engine needs: see hone_load_options.plugins.
struct Plugins {
  const hone_plugin* const* list = nullptr;
  int32_t count = 0;
};

class Engine : public Handle<hone_engine, hone_engine_free> {
 public:
  hone_status load_file(const char* path, Text* why = nullptr,
                        const hone_allocator* allocator = hone_default_allocator(),
                        Plugins plugins = Plugins()) {
    const hone_load_options o = options(why, allocator, 0, plugins);
    hone_engine* made = nullptr;
    const hone_status s = hone_load_file(path, &o, &made);
    reset(made);
    return s;
  }
  hone_status load_memory(const void* bytes, std::size_t size, Text* why = nullptr,
                          uint64_t flags = 0,
                          const hone_allocator* allocator = hone_default_allocator(),
                          Plugins plugins = Plugins()) {
    const hone_load_options o = options(why, allocator, flags, plugins);
    hone_engine* made = nullptr;
    const hone_status s = hone_load_memory(bytes, size, &o, &made);
    reset(made);
    return s;
  }
  // Zeroes where the engine or the index does not exist.
  hone_engine_info info() const {
    auto i = sized<hone_engine_info>();
    hone_engine_get_info(p_, &i);
    return i;
  }
  hone_tensor_info input(int32_t index) const {
    auto i = sized<hone_tensor_info>();
    hone_engine_input(p_, index, &i);
    return i;
  }
  hone_tensor_info output(int32_t index) const {
    auto i = sized<hone_tensor_info>();
    hone_engine_output(p_, index, &i);
    return i;
  }
  int32_t find_input(const char* name) const { return hone_engine_find_input(p_, name); }
  int32_t find_output(const char* name) const { return hone_engine_find_output(p_, name); }
  const char* property(const char* key) const { return hone_engine_property(p_, key); }

 private:
  static hone_load_options options(Text* why, const hone_allocator* allocator, uint64_t flags,
                                   Plugins plugins) {
    auto o = sized<hone_load_options>();
    o.allocator = allocator;
    o.flags = flags;
    if (why != nullptr) o.error_text = why->data(), o.error_text_bytes = Text::size();
    o.plugins = plugins.list;
    o.plugin_count = plugins.count;
    return o;
  }
};

class Context : public Handle<hone_context, hone_context_free> {
 public:
  // `pool` may be nullptr: the calling thread alone.
  hone_status create(const Engine& engine, const Pool* pool = nullptr, int32_t profile = 0,
                     uint64_t flags = 0, Text* why = nullptr) {
    auto o = sized<hone_context_options>();
    o.pool = pool == nullptr ? nullptr : pool->get();
    o.profile = profile;
    o.flags = flags;
    if (why != nullptr) o.error_text = why->data(), o.error_text_bytes = Text::size();
    hone_context* made = nullptr;
    const hone_status s = hone_context_create(engine.get(), &o, &made);
    reset(made);
    return s;
  }
  const char* error() const { return hone_context_error(p_); }

  hone_status set_profile(int32_t profile) { return hone_context_set_profile(p_, profile); }
  int32_t profile() const { return hone_context_profile(p_); }
  hone_status set_shape(int32_t input, const int64_t* dims, int32_t rank) {
    return hone_context_set_shape(p_, input, dims, rank);
  }
  hone_status set_shape_values(int32_t input, const int64_t* values, int32_t count) {
    return hone_context_set_shape_values(p_, input, values, count);
  }
  hone_status bind() { return hone_context_bind(p_); }
  hone_status run() { return hone_run(p_); }
  hone_status reset_state() { return hone_context_reset_state(p_); }
  hone_status memory(hone_memory_info* info) { return hone_context_memory(p_, info); }
  hone_status set_arena(void* arena, std::size_t bytes) {
    return hone_context_set_arena(p_, arena, bytes);
  }
  hone_status set_input(int32_t index, const hone_buffer* buffer) {
    return hone_context_set_input(p_, index, buffer);
  }
  hone_status set_output(int32_t index, const hone_buffer* buffer) {
    return hone_context_set_output(p_, index, buffer);
  }

  // data is nullptr where there is none: see error().
  hone_buffer input_buffer(int32_t index) const {
    auto b = sized<hone_buffer>();
    hone_context_input_buffer(p_, index, &b);
    return b;
  }
  hone_buffer output_buffer(int32_t index) const {
    auto b = sized<hone_buffer>();
    hone_context_output_buffer(p_, index, &b);
    return b;
  }
  // The caller knows the element type.
  template <class T>
  T* input(int32_t index) const {
    return static_cast<T*>(input_buffer(index).data);
  }
  template <class T>
  const T* output(int32_t index) const {
    return static_cast<const T*>(output_buffer(index).data);
  }
};

}  // namespace hone

#endif  // HONE_HONE_HPP_
