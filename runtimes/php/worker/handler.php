<?php
// Finds the handler among the functions that a file has defined and decides, once, how it is called (invocation contract,
// sections 5 and 6). Never calls twice.

declare(strict_types=1);

namespace FastFn\Worker;

/** The file offers no function of the wanted name, or cannot be read. */
final class HandlerMissing extends \Exception
{
}

final class Handler
{
    private function __construct(private \Closure $function, private bool $takesParams)
    {
    }

    /** @throws HandlerMissing when it can be no function's name. */
    public static function checkedName(string $name): string
    {
        if (\preg_match('/^[A-Za-z_][A-Za-z0-9_]*$/D', $name) !== 1) {
            throw new HandlerMissing('invoke.handler must be a valid identifier');
        }
        return $name;
    }

    /** @return list<string> the functions defined by now, in their order. */
    public static function definedFunctions(): array
    {
        return \get_defined_functions()['user'];
    }

    /**
     * The last function of that name, in whatever namespace and case, among those defined since `$known` was taken.
     * @param list<string> $known
     */
    public static function find(string $name, array $known): ?self
    {
        foreach (\array_reverse(\array_slice(self::definedFunctions(), \count($known))) as $defined) {
            $cut = \strrpos($defined, '\\');
            // Names come in lower case.
            if (\substr($defined, $cut === false ? 0 : $cut + 1) === \strtolower($name)) {
                return self::of(\Closure::fromCallable($defined));
            }
        }
        return null;
    }

    public static function of(\Closure $function): self
    {
        return new self($function, (new \ReflectionFunction($function))->getNumberOfParameters() > 1);
    }

    public function call(array $event): mixed
    {
        // A variable: the parameter may be a reference.
        $params = $event['params'] ?? [];
        return $this->takesParams ? ($this->function)($event, $params) : ($this->function)($event);
    }
}
