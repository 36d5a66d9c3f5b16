/* Runs an engine on files of raw elements and writes its outputs as such: all that a device needs
 * to be tried out. Inputs in the model's order, those of dynamic shape with theirs.
 *
 *   cc -I include examples/c_api/run.c build/release/libhone_rt.a -lm -lpthread -o hone_rt_run
 *   ./hone_rt_run net.engine out. x.raw:1x3x224x224 ids.raw:1x128    writes out.0, out.1 ...
 *   ./hone_rt_run @jobs                                    a line of such arguments for each run
 *
 * `cmake --preset device-aarch64` builds it for 64-bit Arm. Exit: 0 done, 2 an error.
 */
#include <hone/hone.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { max_words = 64 };

static int fail(const char* what, const char* text) {
  fprintf(stderr, "%s: %s\n", what, text);
  return 2;
}

/* "1x3x224x224" -> rank and dims; -1 where it is none. */
static int parse_dims(const char* text, int64_t* dims) {
  int rank = 0;
  while (*text != 0) {
    char* end = NULL;
    if (rank == HONE_MAX_RANK) return -1;
    dims[rank++] = strtoll(text, &end, 10);
    if (end == text || (*end != 0 && *end != 'x')) return -1;
    text = *end == 'x' ? end + 1 : end;
  }
  return rank;
}

static int read_file(const char* path, const hone_buffer* to) {
  FILE* f = fopen(path, "rb");
  if (!f) return fail(path, "cannot be opened");
  const size_t n = fread(to->data, 1, to->bytes, f);
  const int more = fgetc(f) != EOF;
  fclose(f);
  if (n == to->bytes && !more) return 0;
  fprintf(stderr, "%s: the model takes %zu bytes of %s\n", path, to->bytes,
          hone_dtype_name(to->dtype));
  return 2;
}

static int write_file(const char* prefix, int index, const char* name, const hone_buffer* from) {
  char path[4096];
  snprintf(path, sizeof path, "%s%d", prefix, index);
  FILE* f = fopen(path, "wb");
  if (!f) return fail(path, "cannot be written");
  const int whole = fwrite(from->data, 1, from->bytes, f) == from->bytes;
  if (fclose(f) != 0 || !whole) return fail(path, "cannot be written");
  printf("%s %s %s ", path, name, hone_dtype_name(from->dtype));
  for (int i = 0; i < from->rank; ++i) printf("%s%lld", i ? "x" : "", (long long)from->dims[i]);
  printf("\n");
  return 0;
}

/* Shapes first, then the memory, then what goes into it. `inputs`: FILE[:DIMS]; cut at the colon.
 */
static int run(hone_context* context, const hone_engine* engine, const hone_engine_info* info,
               const char* prefix, char** inputs) {
  for (int i = 0; i < info->inputs; ++i) {
    char* colon = strrchr(inputs[i], ':');
    if (!colon) continue;
    int64_t dims[HONE_MAX_RANK];
    *colon = 0;
    const int rank = parse_dims(colon + 1, dims);
    if (rank < 0) return fail(colon + 1, "not a shape as 1x3x224x224");
    if (hone_context_set_shape(context, i, dims, rank)) {
      return fail(inputs[i], hone_context_error(context));
    }
  }
  if (hone_context_bind(context)) return fail("bind", hone_context_error(context));
  for (int i = 0; i < info->inputs; ++i) {
    hone_buffer in = {.struct_size = sizeof in};
    if (hone_context_input_buffer(context, i, &in)) {
      return fail(inputs[i], hone_context_error(context));
    }
    if (read_file(inputs[i], &in)) return 2;
  }
  if (hone_run(context)) return fail("run", hone_context_error(context));
  for (int i = 0; i < info->outputs; ++i) {
    hone_buffer out = {.struct_size = sizeof out};
    hone_tensor_info tensor = {.struct_size = sizeof tensor};
    if (hone_context_output_buffer(context, i, &out) || hone_engine_output(engine, i, &tensor)) {
      return fail("output", hone_context_error(context));
    }
    if (write_file(prefix, i, tensor.name, &out)) return 2;
  }
  return 0;
}

/* words: ENGINE PREFIX INPUT... */
static int run_job(int count, char** words) {
  char text[256] = "";
  if (count < 2) return fail("usage", "hone_rt_run ENGINE PREFIX INPUT[:SHAPE]... | @JOBS");
  hone_load_options load = {.struct_size = sizeof load};
  load.allocator = hone_default_allocator();
  load.error_text = text;
  load.error_text_bytes = sizeof text;
  hone_engine* engine = NULL;
  if (hone_load_file(words[0], &load, &engine)) return fail(words[0], text);

  hone_engine_info info = {.struct_size = sizeof info};
  hone_context_options options = {.struct_size = sizeof options};
  options.profile = HONE_ANY_PROFILE;
  options.error_text = text;
  options.error_text_bytes = sizeof text;
  hone_context* context = NULL;
  int failed = 0;
  if (hone_engine_get_info(engine, &info) || info.inputs != count - 2) {
    fprintf(stderr, "%s: the model has %d inputs, not %d\n", words[0], info.inputs, count - 2);
    failed = 2;
  } else if (hone_context_create(engine, &options, &context)) {
    failed = fail("context", text);
  } else {
    failed = run(context, engine, &info, words[1], words + 2);
  }
  hone_context_free(context);
  hone_engine_free(engine);
  return failed;
}

static int run_jobs(const char* path) {
  FILE* f = fopen(path, "r");
  if (!f) return fail(path, "cannot be opened");
  static char line[1 << 16];
  int failed = 0;
  while (!failed && fgets(line, sizeof line, f)) {
    char* words[max_words];
    int count = 0;
    for (char* w = strtok(line, " \n"); w && count < max_words; w = strtok(NULL, " \n")) {
      words[count++] = w;
    }
    if (count > 0) failed = run_job(count, words);
  }
  fclose(f);
  return failed;
}

int main(int argc, char** argv) {
  if (argc == 2 && argv[1][0] == '@') return run_jobs(argv[1] + 1);
  return run_job(argc - 1, argv + 1);
}
