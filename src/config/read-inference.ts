// What the operator says of inference, as one value for those who plan builds.

import type { InferenceSettings } from '../policy/build-settings.ts';
import { inferenceOptions } from './options/inference-options.ts';
import type { Settings } from './settings.ts';

export function readInference(settings: Settings): InferenceSettings {
  return {
    python: settings.read(inferenceOptions.inferPython),
    node: settings.read(inferenceOptions.inferNode),
    backend: {
      python: settings.read(inferenceOptions.pythonBackend),
      node: settings.read(inferenceOptions.nodeBackend),
    },
    strict: settings.read(inferenceOptions.strict),
    writeManifest: settings.read(inferenceOptions.writeManifest),
    allow: settings.read(inferenceOptions.allow),
  };
}
