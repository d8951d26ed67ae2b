import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namespaceHint } from '../../../src/sandbox/namespace-hint.ts';

const hintWhere = (settings: Record<string, string>) => namespaceHint((name) => settings[name] ?? null);

test('namespace hint: names the setting that forbids it', () => {
  assert.match(hintWhere({ 'kernel/apparmor_restrict_unprivileged_userns': '1' }), /AppArmor.*userns/);
  assert.match(hintWhere({ 'kernel/unprivileged_userns_clone': '0' }), /unprivileged_userns_clone=1/);
  assert.match(hintWhere({ 'user/max_user_namespaces': '0' }), /user\.max_user_namespaces/);
});

test('namespace hint: with no such setting it is whatever started the gateway', () => {
  const allowed = {
    'kernel/apparmor_restrict_unprivileged_userns': '0',
    'kernel/unprivileged_userns_clone': '1',
    'user/max_user_namespaces': '90000',
  };
  for (const settings of [{}, allowed])
    assert.match(hintWhere(settings), /seccomp profile.*RestrictNamespaces/);
});
