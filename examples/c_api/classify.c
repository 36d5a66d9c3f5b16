/* Classifies one input with an engine, from C. Input: raw floats, as many as the model takes.
 *
 *   cc -I include examples/c_api/classify.c build/release/libhone_rt.a -lm -lpthread -o classify
 *   ./classify model.hone picture.f32
 */
#include <hone/hone.h>
#include <stdio.h>

static int fail(const char* what, const char* text) {
  fprintf(stderr, "%s: %s\n", what, text);
  return 2;
}

static int read_input(const char* path, const hone_buffer* in) {
  FILE* f = fopen(path, "rb");
  if (!f) return fail(path, "cannot be opened");
  const size_t n = fread(in->data, 1, in->bytes, f);
  const int more = fgetc(f) != EOF;
  fclose(f);
  if (n == in->bytes && !more) return 0;
  fprintf(stderr, "%s: the model takes %zu bytes of %s\n", path, in->bytes,
          hone_dtype_name(in->dtype));
  return 2;
}

static int classify(hone_context* context, const char* path) {
  hone_buffer in = {.struct_size = sizeof in}, out = {.struct_size = sizeof out};
  if (hone_context_bind(context) || hone_context_input_buffer(context, 0, &in) ||
      hone_context_output_buffer(context, 0, &out)) {
    return fail("bind", hone_context_error(context));
  }
  if (in.dtype != HONE_F32 || out.dtype != HONE_F32) return fail("model", "not f32 to f32");
  const int failed = read_input(path, &in);
  if (failed) return failed;
  if (hone_run(context)) return fail("run", hone_context_error(context));

  const float* score = out.data;
  size_t best = 0;
  for (size_t i = 1; i < out.bytes / sizeof *score; ++i) {
    if (score[i] > score[best]) best = i;
  }
  printf("class %zu, score %g\n", best, score[best]);
  return 0;
}

int main(int argc, char** argv) {
  if (argc != 3) return fail("usage", "classify ENGINE INPUT");
  char text[256] = "";
  hone_load_options load = {.struct_size = sizeof load};
  load.allocator = hone_default_allocator();
  load.error_text = text;
  load.error_text_bytes = sizeof text;
  hone_engine* engine = NULL;
  if (hone_load_file(argv[1], &load, &engine)) return fail(argv[1], text);

  hone_context_options options = {.struct_size = sizeof options};
  options.error_text = text;
  options.error_text_bytes = sizeof text;
  hone_context* context = NULL;
  const int failed = hone_context_create(engine, &options, &context)
                         ? fail("context", text)
                         : classify(context, argv[2]);
  hone_context_free(context);
  hone_engine_free(engine);
  return failed;
}
