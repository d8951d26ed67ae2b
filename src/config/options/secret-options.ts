// Options of the operator's secrets. The values themselves are never options: `fastfn secrets` takes them.

import { isAbsolute } from 'node:path';
import { accept, type Option, reject } from '../option.ts';
import { readText, toList } from '../option-readers.ts';

const keyFile: Option<string | null> = {
  doc: 'File of mode 0600 with the keys that secrets are sealed with; `secrets.key` in the state folder by default.',
  accepted: 'a path',
  env: 'FN_SECRETS_KEY_FILE',
  fallback: null,
  read: readText(4096),
};

const fileRoots: Option<readonly string[]> = {
  doc: 'Folders whose files `value_file` of a fn.env.json may name; none by default.',
  accepted: 'a comma list of absolute paths',
  env: 'FN_SECRETS_FILE_ROOTS',
  key: 'secrets-file-roots',
  fallback: [],
  read: (raw) => {
    const wrong = toList(raw).find((path) => !isAbsolute(path));
    return wrong === undefined ? accept(toList(raw)) : reject({ found: wrong });
  },
};

export const secretOptions = { keyFile, fileRoots };
