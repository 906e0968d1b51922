// Plan: the published numbers and nothing else are accepted, near misses and NaN included; names are those of the
// official files; base addresses with and without a slash agree, other schemes and parts are refused.

import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../../core/errors.ts";
import {
  archiveName,
  categoriesName,
  CHALLENGE_LAYERS,
  CHALLENGE_NEURONS,
  CHALLENGE_URL,
  checkBaseUrl,
  checkLayers,
  checkNeurons,
  imagesName,
  layerName,
} from "./challenge-files.ts";

test("published numbers pass", () => {
  for (const neurons of CHALLENGE_NEURONS) assert.equal(checkNeurons(neurons), neurons);
  for (const layers of CHALLENGE_LAYERS) assert.equal(checkLayers(layers), layers);
});

test("other numbers are usage errors that list the published ones", () => {
  for (const bad of [0, -1, 1023, 1025, 120, 1024.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(
      () => checkNeurons(bad),
      new UsageError(`neurons is ${bad}, the challenge has 1024, 4096, 16384, 65536`),
    );
  }
  for (const bad of [0, 1, 119, 121, 1024, Number.NaN]) {
    assert.throws(() => checkLayers(bad), new UsageError(`layers is ${bad}, the challenge has 120, 480, 1920`));
  }
});

test("names are the official ones", () => {
  assert.equal(imagesName(4096), "sparse-images-4096.tsv.gz");
  assert.equal(categoriesName(1024, 480), "neuron1024-l480-categories.tsv");
  assert.equal(archiveName(65536), "neuron65536.tar.gz");
  assert.equal(layerName(16384, 1920), "n16384-l1920.tsv");
});

test("base addresses", () => {
  assert.equal(checkBaseUrl(CHALLENGE_URL), CHALLENGE_URL);
  assert.equal(checkBaseUrl("http://127.0.0.1:8000/mirror"), "http://127.0.0.1:8000/mirror/");
  for (const bad of ["", "mirror/", "ftp://host/", "file:///data/", "http://user@host/", "http://host/?a=b"]) {
    assert.throws(() => checkBaseUrl(bad), UsageError, bad);
  }
});
