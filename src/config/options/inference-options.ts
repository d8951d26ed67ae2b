// Options of inference: which packages are installed because the code imports them, although no manifest names them.
// Off in `serve`: a mistyped or hostile import would install and run a stranger's code. Source: contract/dependencies.md 2.2, 3.2.

import { accept, type Option, reject } from '../option.ts';
import { readBoolOff, readText, toList } from '../option-readers.ts';

function switchOf(language: string, env: string, key: string): Option<boolean> {
  return {
    doc: `Installs what ${language} functions import and no manifest names; off in serve, on in dev.`,
    accepted: 'true or false',
    env,
    key,
    fallback: false,
    devFallback: true,
    read: readBoolOff,
  };
}

/** A name that is not known is told by each function that needs it, in the contract's words. */
function backendOf(language: string, known: string, env: string, key: string): Option<string> {
  return {
    doc: `What reads the imports of ${language} functions: ${known}.`,
    accepted: known,
    env,
    key,
    fallback: 'native',
    read: readText(64),
  };
}

const strict: Option<boolean> = {
  doc: 'Refuses a function with an import that names no package and no manifest beside it.',
  accepted: 'true or false',
  env: 'FN_AUTO_INFER_STRICT',
  key: 'auto-infer-strict',
  fallback: true,
  read: readBoolOff,
};

const writeManifest: Option<boolean> = {
  doc: 'Appends what was inferred to requirements.txt or package.json.',
  accepted: 'true or false',
  env: 'FN_AUTO_INFER_WRITE_MANIFEST',
  key: 'auto-infer-write-manifest',
  fallback: true,
  read: readBoolOff,
};

const packageName = /^(?:@[A-Za-z0-9_.-]+\/)?[A-Za-z0-9_.-]+$/;

const allow: Option<readonly string[] | null> = {
  doc: 'The only packages that inference may install; with FN_PRODUCTION, none by default.',
  accepted: 'a comma list of package names',
  env: 'FN_AUTO_INFER_ALLOW',
  key: 'auto-infer-allow',
  fallback: null,
  read(raw) {
    const names = toList(raw);
    const wrong = names.find((name) => !packageName.test(name) || name.length > 214);
    return wrong === undefined ? accept(names) : reject({ found: wrong });
  },
};

export const inferenceOptions = {
  inferPython: switchOf('Python', 'FN_AUTO_INFER_PY_DEPS', 'auto-infer-py-deps'),
  inferNode: switchOf('Node', 'FN_AUTO_INFER_NODE_DEPS', 'auto-infer-node-deps'),
  pythonBackend: backendOf('Python', 'native, pipreqs', 'FN_PY_INFER_BACKEND', 'py-infer-backend'),
  nodeBackend: backendOf(
    'Node',
    'native, detective, require-analyzer',
    'FN_NODE_INFER_BACKEND',
    'node-infer-backend',
  ),
  strict,
  writeManifest,
  allow,
};
