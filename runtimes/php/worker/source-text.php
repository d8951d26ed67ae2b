<?php
// What a PHP file declares, seen without running it. Used to tell a file with a handler, which is loaded once, from a
// script, which runs at every call; and to let a script that declares functions run again.

declare(strict_types=1);

namespace FastFn\Worker;

final class SourceText
{
    public function __construct(private string $text)
    {
    }

    /**
     * Whether it declares a function of the name, outside of classes.
     * @throws \ParseError when it is no PHP.
     */
    public function declares(string $name): bool
    {
        if (!\function_exists('token_get_all')) {
            // Good enough on a PHP built without its tokenizer: comments and classes may mislead it.
            return \preg_match('/\bfunction\s+&?\s*' . \preg_quote($name, '/') . '\s*\(/i', $this->text) === 1;
        }
        foreach (self::declarations(\PhpToken::tokenize($this->text, TOKEN_PARSE)) as [$kind, $declared]) {
            if ($kind === 'function' && \strtolower($declared) === \strtolower($name)) {
                return true;
            }
        }
        return false;
    }

    /** The same lines without the functions, classes and constants that the file declares at its top level. */
    public function withoutDeclarations(): string
    {
        if (!\function_exists('token_get_all')) {
            return $this->text;
        }
        $tokens = \PhpToken::tokenize($this->text, TOKEN_PARSE);
        foreach (self::declarations($tokens) as [, , $depth, $first, $last]) {
            for ($at = $first; $depth === 0 && $at <= $last; $at += 1) {
                $tokens[$at]->text = \str_repeat("\n", \substr_count($tokens[$at]->text, "\n"));
            }
        }
        return \implode('', \array_map(static fn (\PhpToken $token): string => $token->text, $tokens));
    }

    /**
     * @param list<\PhpToken> $tokens
     * @return \Generator<array{string, string, int, int, int}> kind, name, depth of braces, first and last token
     */
    private static function declarations(array $tokens): \Generator
    {
        $depth = 0;
        for ($at = 0; $at < \count($tokens); $at += 1) {
            $kind = self::kindAt($tokens, $at);
            if ($kind === 'anonymous') {
                $at = self::endOf($tokens, $at, $kind);
            } elseif ($kind !== null) {
                $name = self::neighbour($tokens, $at, 1);
                $name = $tokens[$name]->text === '&' ? self::neighbour($tokens, $name, 1) : $name;
                $last = self::endOf($tokens, $at, $kind);
                yield [$kind, $tokens[$name]->text, $depth, self::startOf($tokens, $at), $last];
                // Functions inside of functions come into being by calls; methods are no functions.
                $at = $last;
            } elseif ($tokens[$at]->is(['{', T_CURLY_OPEN, T_DOLLAR_OPEN_CURLY_BRACES])) {
                $depth += 1;
            } elseif ($tokens[$at]->text === '}') {
                $depth -= 1;
            }
        }
    }

    /** What is declared by the word at `$at`; closures, `::class` and imports are no declarations. */
    private static function kindAt(array $tokens, int $at): ?string
    {
        $kind = match ($tokens[$at]->id) {
            T_FUNCTION => 'function',
            T_CLASS, T_INTERFACE, T_TRAIT => 'class',
            T_CONST => 'const',
            default => $tokens[$at]->getTokenName() === 'T_ENUM' ? 'class' : null,
        };
        if ($kind === null) {
            return null;
        }
        $before = $tokens[self::neighbour($tokens, $at, -1)];
        if ($before->is([T_USE, T_NEW, T_DOUBLE_COLON, T_OBJECT_OPERATOR])) {
            return $before->is(T_NEW) && $kind === 'class' ? 'anonymous' : null;
        }
        $name = self::neighbour($tokens, $at, 1);
        $name = $tokens[$name]->text === '&' ? self::neighbour($tokens, $name, 1) : $name;
        return $tokens[$name]->is(T_STRING) || $kind === 'const' ? $kind : null;
    }

    /** Modifiers and attributes belong to it. */
    private static function startOf(array $tokens, int $at): int
    {
        $first = $at;
        for ($back = $at - 1; $back > 0 && $tokens[$back]->is([T_ABSTRACT, T_FINAL, T_WHITESPACE, 'readonly']); $back -= 1) {
            $first = $tokens[$back]->is(T_WHITESPACE) ? $first : $back;
        }
        return $first;
    }

    private static function endOf(array $tokens, int $at, string $kind): int
    {
        for ($depth = 0; $at < \count($tokens); $at += 1) {
            if ($tokens[$at]->is(['{', T_CURLY_OPEN, T_DOLLAR_OPEN_CURLY_BRACES])) {
                $depth += 1;
            } elseif ($tokens[$at]->text === '}') {
                $depth -= 1;
                if ($depth === 0) {
                    return $at;
                }
            } elseif ($kind === 'const' && $depth === 0 && $tokens[$at]->text === ';') {
                return $at;
            }
        }
        return $at - 1;
    }

    /** The next token that means something, forwards or backwards; `$at` itself at an end of the file. */
    private static function neighbour(array $tokens, int $at, int $step): int
    {
        for ($next = $at + $step; isset($tokens[$next]); $next += $step) {
            if (!$tokens[$next]->isIgnorable()) {
                return $next;
            }
        }
        return $at;
    }
}
