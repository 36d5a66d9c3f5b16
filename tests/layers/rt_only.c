/* A device-only program: C, the public header, libhone_rt.a, no C++ run time, memory of its own.
 * Linking is the test; running it shows that bytes which are no engine are refused in words. */
#include <hone/hone.h>
#include <stdio.h>
#include <string.h>

static unsigned char heap[1 << 20] __attribute__((aligned(4096)));
static size_t heap_used;

static void* heap_alloc(void* user, size_t bytes, size_t align) {
  (void)user;
  const size_t begin = (heap_used + align - 1) / align * align;
  if (begin > sizeof heap || bytes > sizeof heap - begin) return NULL;
  heap_used = begin + bytes;
  return heap + begin;
}

static void heap_free(void* user, void* memory, size_t bytes) {
  (void)user, (void)memory, (void)bytes;
}

/* Named so that every part of the library is linked in. */
static void run_engine(hone_engine* engine) {
  hone_context* context = NULL;
  hone_buffer in = {.struct_size = sizeof in}, out = {.struct_size = sizeof out};
  if (hone_context_create(engine, NULL, &context) == HONE_OK &&
      hone_context_bind(context) == HONE_OK) {
    hone_context_input_buffer(context, 0, &in);
    hone_run(context);
    hone_context_output_buffer(context, 0, &out);
  }
  hone_context_free(context);
  hone_engine_free(engine);
}

int main(int argc, char** argv) {
  static const unsigned char no_engine[256] __attribute__((aligned(64))) = {'x'};
  const hone_allocator allocator = {
      .struct_size = sizeof allocator, .alloc = heap_alloc, .free = heap_free};
  char text[200] = "";
  const hone_load_options options = {.struct_size = sizeof options,
                                     .allocator = &allocator,
                                     .error_text = text,
                                     .error_text_bytes = sizeof text};
  hone_engine* engine = NULL;
  const hone_status status =
      argc > 1 ? hone_load_file(argv[1], &options, &engine)
               : hone_load_memory(no_engine, sizeof no_engine, &options, &engine);
  if (engine) run_engine(engine);
  printf("hone %s: %s: %s\n", hone_version(), hone_status_name(status), text);
  return argc > 1 ? status != HONE_OK : status != HONE_CORRUPT || strlen(text) == 0;
}
