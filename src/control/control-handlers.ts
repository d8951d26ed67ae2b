// The functions that the access table names, gathered from those who answer.

import type { ControlHandler } from './access-row.ts';
import type { HandlerName } from './access-table.ts';
import { fileHandlers } from './file-handlers.ts';
import { functionHandlers } from './function-handlers.ts';
import type { HandlerParts } from './handler-parts.ts';
import { invokeHandlers } from './invoke-handlers.ts';
import { logHandlers } from './log-handlers.ts';
import { openapiHandlers } from './openapi-handlers.ts';
import { reportHandlers } from './report-handlers.ts';
import { secretHandlers } from './secret-handlers.ts';
import { sessionHandlers } from './session-handlers.ts';
import { uiStateHandlers } from './ui-state-handlers.ts';

export function createHandlers(parts: HandlerParts): Readonly<Record<HandlerName, ControlHandler>> {
  return {
    ...reportHandlers(parts),
    ...openapiHandlers(parts),
    ...functionHandlers(parts),
    ...fileHandlers(parts),
    ...invokeHandlers(parts),
    ...logHandlers(parts),
    ...secretHandlers(parts),
    ...sessionHandlers(parts),
    ...uiStateHandlers(parts),
  };
}
