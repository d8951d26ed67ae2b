// Makes a function: everything is checked first, every file comes into its place whole, and what was made is taken away again
// when it turns out that it would not be served.

import { join } from 'node:path';
import { GatewayError } from '../errors.ts';
import type { ControlCall } from './access-row.ts';
import { etagOf } from './etag.ts';
import { functionView, readCode } from './function-view.ts';
import type { HandlerParts } from './handler-parts.ts';
import { planFunction } from './new-function-place.ts';
import { checkWay, makeFolders, putTreeFile, removeEmptyFolders } from './tree-file.ts';

/** To be called alone among all changes. */
export async function createFunction({ deps, changes }: HandlerParts, call: ControlCall): Promise<unknown> {
  const catalog = deps.catalog();
  const plan = planFunction(catalog, call.query, call.body);
  if (catalog.functions.has(plan.key))
    throw new GatewayError('already_exists', { text: 'function already exists' });
  for (const file of Object.keys(plan.files)) {
    const path = join(plan.folder, file);
    // A file that exists without being this function: it must not be lost.
    if (await checkWay(catalog.root, path)) {
      throw new GatewayError('already_exists', { text: `function already exists: there is a ${file}` });
    }
  }
  refuseFaults(deps, plan.files['fn.config.json']);
  const made: { files: string[]; folders: readonly string[] } = { files: [], folders: [] };
  const revert = async (): Promise<void> => {
    for (const path of made.files) await putTreeFile(path, null);
    const [outermost] = made.folders;
    if (outermost !== undefined) await removeEmptyFolders(plan.folder, join(outermost, '..'));
  };
  await changes.carryOut({
    apply: async () => {
      try {
        made.folders = await makeFolders(plan.folder);
        for (const [file, text] of Object.entries(plan.files)) {
          const path = join(plan.folder, file);
          await putTreeFile(path, text);
          made.files.push(path);
        }
      } catch (error) {
        await revert();
        throw error;
      }
    },
    revert,
    expected: [plan.key],
  });
  const unit = deps.catalog().functions.get(plan.key);
  if (unit === undefined)
    throw new GatewayError('internal', { cause: `cannot find ${plan.key}, which was there` });
  const { bytes, ...code } = await readCode(unit);
  call.reply.status(201).header('etag', etagOf(bytes));
  return { ...(await functionView(deps, unit, call)), ...code };
}

function refuseFaults(deps: HandlerParts['deps'], config: string | undefined): void {
  if (config === undefined) return;
  const [fault] = deps.checkConfig(config, 'fn.config.json');
  if (fault === undefined) return;
  throw new GatewayError('bad_request', {
    text: `${fault.key}: found ${fault.found}, accepted: ${fault.accepted}`,
  });
}
