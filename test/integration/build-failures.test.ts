// Builds that fail, hang, take too much or misbehave: what clients see, that nothing is left of them, and that nobody else
// suffers. The tools are shell scripts in the build jail.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { healthOf, processesWith, startBuilding } from './support/build-gateway.ts';
import { eventually } from './support/eventually.ts';
import { makes, usesMade } from './support/script-planner.ts';

describe('builds: what fails', () => {
  test('says the last lines of the tool without paths of this host, and nobody else suffers', async (context) => {
    const started = await startBuilding(context, {
      'bad/handler.js': usesMade,
      'bad/build.sh': 'echo one >&2; echo "no such thing in $WORKSPACE/x and /etc/passwd" >&2; exit 3\n',
      'quick/handler.js': "exports.handler = () => 'quick';\n",
    });
    await started.becomes('/bad', 503, /install failed/);
    const answer = await started.get('/bad');
    const { error, code } = answer.json();
    assert.equal(code, 'not_built');
    assert.equal(error, 'install failed for bad/handler.js: one | no such thing in x and <path>');
    assert.equal(answer.headers['retry-after'], undefined);
    assert.equal((await started.get('/quick')).text, 'quick');
    const health = await healthOf(started);
    assert.equal(health.builds.functions[0].state, 'failed');
    assert.equal(health.builds.functions[0].reason, error);
    // Remembered: requests do not run the tool again.
    for (let i = 0; i < 5; i += 1) await started.get('/bad');
    assert.equal(started.builds(), 1);
  });

  test('files that cannot be planned answer 500 with the text about them', async (context) => {
    const started = await startBuilding(context, {
      'a/handler.js': usesMade,
      'a/build.sh': 'broken manifest\n',
    });
    const answer = await started.get('/a');
    assert.equal(answer.status, 500);
    assert.equal(answer.json().error, 'invalid build.sh: it says so itself');
    assert.equal(answer.json().code, 'build_failed');
    assert.equal(started.builds(), 0);
  });

  test('a build that hangs is ended at its time, with all that it started', async (context) => {
    const mark = '27.1828';
    const started = await startBuilding(
      context,
      { 'a/handler.js': usesMade, 'a/build.sh': `(sleep ${mark} & sleep ${mark}) & sleep ${mark}\n` },
      { FN_GO_BUILD_TIMEOUT_S: '1' },
    );
    await eventually(() => assert.equal(processesWith(mark).length, 3));
    await started.becomes('/a', 503, /install timeout after 1\.0s for a/);
    assert.deepEqual(processesWith(mark), []);
  });

  for (const [what, script, text] of [
    [
      'processes',
      'i=0; while [ $i -lt 2000 ]; do sleep 16.1803 & i=$((i+1)); done; wait',
      /threads limit exceeded/,
    ],
    ['memory', 'head -c 400000000 /dev/zero | tail | wc', /memory limit exceeded \(64 MiB\)/],
    [
      'disk',
      'while :; do head -c 4000000 /dev/zero >> "packages$((i=i+1))"; done',
      /temporary files limit exceeded/,
    ],
    ['a file', 'head -c 100000000 /dev/zero > one; exit 1', /install failed/],
  ] as const) {
    test(`too much of ${what} ends that build only`, async (context) => {
      const started = await startBuilding(
        context,
        {
          'a/handler.js': usesMade,
          'a/build.sh': `${script}\n`,
          'quick/handler.js': "exports.handler = () => 'quick';\n",
        },
        { FN_BUILD_MEMORY_MB: what === 'memory' ? '64' : '2048', FN_BUILD_DISK_MB: '64' },
      );
      await started.becomes('/a', 503, text, 20_000);
      assert.equal((await started.get('/quick')).text, 'quick');
      assert.deepEqual(processesWith('16.1803'), []);
    });
  }

  test('a link that leads out of what was built is refused', async (context) => {
    const started = await startBuilding(context, {
      'a/handler.js': usesMade,
      'a/build.sh': `${makes('x')}ln -s /etc node_modules/etc\n`,
    });
    await started.becomes('/a', 503, /the link node_modules\/etc leads out of what was built/);
  });
});
