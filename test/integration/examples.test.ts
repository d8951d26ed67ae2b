// The examples as a checkout serves them.
import { describeExamples, exampleState, examples } from './support/example-checks.ts';
import { startTestGateway } from './support/gateway.ts';

describeExamples('examples', () => startTestGateway(examples(), { FN_STATE_DIR: exampleState }));
