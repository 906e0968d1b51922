// The peer that Gossamer's tile kernels are measured against: the same work in C with AVX-512 intrinsics.
// Every row goes through every layer; tiles of 16 or 32 rows held neuron-major; 32 equal weights a column, so a sum,
// then one multiply; bias where the sum is not zero; clip to 0..32. Sums run in stored order: the same bits as ours.
//
// usage: spmm_avx512 NEURONS LAYERS ROWS LANES THREADS BATCH SAMPLES WEIGHT BIAS NETWORK INPUTS OUTPUT
//   NETWORK  u16 x LAYERS x NEURONS x 32: the row indices of every column
//   INPUTS   u32 x (ROWS + 1) row pointers, then u16 column indices; every value is 1
//   OUTPUT   is written: f32 x ROWS x NEURONS for the last sample when ROWS is at most 4096, else one byte a row: live or not
//   BATCH    tiles that a thread takes through a layer before the next layer
// Prints one JSON object: seconds of every sample.

#include <immintrin.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { DEGREE = 32, KEEP_ROWS = 4096 };

static size_t neurons, layers, rows, lanes, threads, batch;
static float weight, bias;
static uint16_t *network;
static uint32_t *row_ptr;
static uint16_t *col_idx;
static float *activations; // rows x neurons, or NULL
static uint8_t *live;      // rows
static size_t next_batch;  // shared counter of batches

static void fail(const char *what) {
  fprintf(stderr, "spmm_avx512: %s\n", what);
  exit(1);
}

// With large pages, as Gossamer's memory has.
static void *take(size_t bytes) {
  size_t page = 2 << 20, size = (bytes + page - 1) / page * page;
  void *memory = aligned_alloc(page, size);
  if (memory == NULL) fail("out of memory");
  madvise(memory, size, MADV_HUGEPAGE);
  return memory;
}

// Z is scaled, gets the bias where it is not zero, and is clipped.
static inline __m512 finish(__m512 sum, __m512 w, __m512 b, __m512 top) {
  __m512 z = _mm512_mul_ps(sum, w);
  __mmask16 mask = _mm512_cmp_ps_mask(z, _mm512_setzero_ps(), _CMP_NEQ_UQ);
  z = _mm512_mask_add_ps(z, mask, z, b);
  return _mm512_min_ps(_mm512_max_ps(z, _mm512_setzero_ps()), top);
}

// Four columns at a time, one chain of adds each, so that the chains overlap.
static void layer16(float *out, const float *in, const uint16_t *idx) {
  const __m512 w = _mm512_set1_ps(weight), b = _mm512_set1_ps(bias), top = _mm512_set1_ps(32);
  for (size_t j = 0; j < neurons; j += 4, idx += 4 * DEGREE) {
    __m512 s0 = _mm512_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
    for (size_t p = 0; p < DEGREE; p++) {
      s0 = _mm512_add_ps(s0, _mm512_load_ps(in + 16 * (size_t)idx[p]));
      s1 = _mm512_add_ps(s1, _mm512_load_ps(in + 16 * (size_t)idx[p + DEGREE]));
      s2 = _mm512_add_ps(s2, _mm512_load_ps(in + 16 * (size_t)idx[p + 2 * DEGREE]));
      s3 = _mm512_add_ps(s3, _mm512_load_ps(in + 16 * (size_t)idx[p + 3 * DEGREE]));
    }
    _mm512_store_ps(out + 16 * j, finish(s0, w, b, top));
    _mm512_store_ps(out + 16 * j + 16, finish(s1, w, b, top));
    _mm512_store_ps(out + 16 * j + 32, finish(s2, w, b, top));
    _mm512_store_ps(out + 16 * j + 48, finish(s3, w, b, top));
  }
}

static void layer32(float *out, const float *in, const uint16_t *idx) {
  const __m512 w = _mm512_set1_ps(weight), b = _mm512_set1_ps(bias), top = _mm512_set1_ps(32);
  for (size_t j = 0; j < neurons; j += 2, idx += 2 * DEGREE) {
    __m512 s0 = _mm512_setzero_ps(), s1 = s0, t0 = s0, t1 = s0;
    for (size_t p = 0; p < DEGREE; p++) {
      const float *a = in + 32 * (size_t)idx[p], *c = in + 32 * (size_t)idx[p + DEGREE];
      s0 = _mm512_add_ps(s0, _mm512_load_ps(a));
      s1 = _mm512_add_ps(s1, _mm512_load_ps(a + 16));
      t0 = _mm512_add_ps(t0, _mm512_load_ps(c));
      t1 = _mm512_add_ps(t1, _mm512_load_ps(c + 16));
    }
    _mm512_store_ps(out + 32 * j, finish(s0, w, b, top));
    _mm512_store_ps(out + 32 * j + 16, finish(s1, w, b, top));
    _mm512_store_ps(out + 32 * j + 32, finish(t0, w, b, top));
    _mm512_store_ps(out + 32 * j + 48, finish(t1, w, b, top));
  }
}

static void load_tile(float *tile, size_t first) {
  memset(tile, 0, neurons * lanes * sizeof(float));
  for (size_t r = 0; r < lanes && first + r < rows; r++) {
    for (uint32_t p = row_ptr[first + r]; p < row_ptr[first + r + 1]; p++) tile[col_idx[p] * lanes + r] = 1;
  }
}

static void store_tile(const float *tile, size_t first) {
  for (size_t r = 0; r < lanes && first + r < rows; r++) {
    uint8_t any = 0;
    for (size_t k = 0; k < neurons; k++) {
      float value = tile[k * lanes + r];
      any |= value != 0;
      if (activations != NULL) activations[(first + r) * neurons + k] = value;
    }
    live[first + r] = any;
  }
}

static void *work(void *unused) {
  (void)unused;
  size_t tile_floats = neurons * lanes;
  float *a = take(batch * tile_floats * sizeof(float)), *b = take(batch * tile_floats * sizeof(float));
  size_t tiles = (rows + lanes - 1) / lanes;
  for (;;) {
    size_t first = __atomic_fetch_add(&next_batch, 1, __ATOMIC_RELAXED) * batch;
    if (first >= tiles) break;
    size_t count = tiles - first < batch ? tiles - first : batch;
    float *in = a, *out = b;
    for (size_t t = 0; t < count; t++) load_tile(in + t * tile_floats, (first + t) * lanes);
    for (size_t l = 0; l < layers; l++) {
      const uint16_t *idx = network + l * neurons * DEGREE;
      for (size_t t = 0; t < count; t++) {
        if (lanes == 16) layer16(out + t * tile_floats, in + t * tile_floats, idx);
        else layer32(out + t * tile_floats, in + t * tile_floats, idx);
      }
      float *swap = in;
      in = out;
      out = swap;
    }
    for (size_t t = 0; t < count; t++) store_tile(in + t * tile_floats, (first + t) * lanes);
  }
  free(a);
  free(b);
  return NULL;
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void read_exactly(FILE *file, void *into, size_t bytes, const char *what) {
  if (fread(into, 1, bytes, file) != bytes) fail(what);
}

int main(int argc, char **argv) {
  if (argc != 13) fail("expected 12 arguments: see the head of its source");
  neurons = strtoul(argv[1], NULL, 10);
  layers = strtoul(argv[2], NULL, 10);
  rows = strtoul(argv[3], NULL, 10);
  lanes = strtoul(argv[4], NULL, 10);
  threads = strtoul(argv[5], NULL, 10);
  batch = strtoul(argv[6], NULL, 10);
  size_t samples = strtoul(argv[7], NULL, 10);
  weight = strtof(argv[8], NULL);
  bias = strtof(argv[9], NULL);
  if (neurons == 0 || neurons % 4 != 0 || neurons > 65536) fail("neurons: expected a multiple of 4 up to 65536");
  if (lanes != 16 && lanes != 32) fail("lanes: expected 16 or 32");
  if (threads == 0 || threads > 256 || batch == 0 || rows == 0 || samples == 0) fail("a count is 0 or too large");

  network = take(layers * neurons * DEGREE * sizeof(uint16_t));
  FILE *file = fopen(argv[10], "rb");
  if (file == NULL) fail("cannot open the network");
  read_exactly(file, network, layers * neurons * DEGREE * sizeof(uint16_t), "the network is too short");
  fclose(file);
  row_ptr = take((rows + 1) * sizeof(uint32_t));
  file = fopen(argv[11], "rb");
  if (file == NULL) fail("cannot open the inputs");
  read_exactly(file, row_ptr, (rows + 1) * sizeof(uint32_t), "the inputs are too short");
  col_idx = take(row_ptr[rows] * sizeof(uint16_t) + 1);
  read_exactly(file, col_idx, row_ptr[rows] * sizeof(uint16_t), "the inputs are too short");
  fclose(file);
  live = take(rows);
  activations = rows <= KEEP_ROWS ? take(rows * neurons * sizeof(float)) : NULL;

  printf("{\"seconds\":[");
  for (size_t s = 0; s < samples; s++) {
    pthread_t ids[256];
    next_batch = 0;
    double started = seconds_now();
    for (size_t t = 1; t < threads; t++) {
      if (pthread_create(&ids[t], NULL, work, NULL) != 0) fail("cannot start a thread");
    }
    work(NULL);
    for (size_t t = 1; t < threads; t++) pthread_join(ids[t], NULL);
    printf("%s%.6f", s == 0 ? "" : ",", seconds_now() - started);
  }
  printf("]}\n");

  file = fopen(argv[12], "wb");
  if (file == NULL) fail("cannot write the output");
  size_t bytes = activations == NULL ? rows : rows * neurons * sizeof(float);
  if (fwrite(activations == NULL ? (void *)live : (void *)activations, 1, bytes, file) != bytes) {
    fail("cannot write the output");
  }
  if (fclose(file) != 0) fail("cannot write the output");
  return 0;
}
