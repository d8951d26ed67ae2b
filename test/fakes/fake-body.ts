// A request body that arrives as a test says.

import type { ArrivingBody, ArrivingBodySink } from '../../src/invocation/invocation.ts';

export class FakeBody implements ArrivingBody {
  readonly bytes: number | null;
  sink: ArrivingBodySink | null = null;
  state: 'new' | 'flowing' | 'paused' | 'stopped' = 'new';

  constructor(bytes: number | null) {
    this.bytes = bytes;
  }

  start(sink: ArrivingBodySink): void {
    this.sink = sink;
    this.state = 'flowing';
  }

  pause(): void {
    this.state = 'paused';
  }

  resume(): void {
    this.state = 'flowing';
  }

  stop(): void {
    this.state = 'stopped';
  }
}
