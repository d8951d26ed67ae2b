<?php
// Composer's autoloader, loaded before the function: of the packages that were installed for it, else of the `vendor` folder that
// somebody put beside it. Classes of the function's own stay where they are, in its folder.

declare(strict_types=1);

namespace FastFn\Worker;

final class Packages
{
    /** @throws \Throwable what the autoloader throws, for example that this PHP is too old for a package */
    public static function load(array $load): void
    {
        $homes = [$load['root']];
        // `[id]` folders share what the folder above them has.
        if (\preg_match('/^\[.*\]$/D', \basename($load['root'])) === 1) {
            $homes[] = \dirname($load['root']);
        }
        foreach ([...$load['dependencies'], ...$homes] as $folder) {
            if (@\is_file("$folder/vendor/autoload.php")) {
                $loader = require "$folder/vendor/autoload.php";
                if (\in_array($folder, $load['dependencies'], true)) {
                    self::pointHome($loader, $folder, $homes);
                    VendorAlias::prepare($homes, "$folder/vendor", $load['entry']);
                }
                return;
            }
        }
    }

    /** Folders of classes that composer.json names lie beside the handler, not beside the installed packages. */
    private static function pointHome(\Composer\Autoload\ClassLoader $loader, string $base, array $homes): void
    {
        $moved = static function (array $folders) use ($base, $homes): array {
            $own = [];
            foreach (\array_map([self::class, 'plainPath'], $folders) as $folder) {
                if (\str_starts_with("$folder/", "$base/") && !\str_starts_with("$folder/", "$base/vendor/")) {
                    foreach ($homes as $home) {
                        $own[] = $home . \substr($folder, \strlen($base));
                    }
                }
            }
            return $own;
        };
        foreach ($loader->getPrefixesPsr4() as $prefix => $folders) {
            $loader->addPsr4($prefix, $moved($folders));
        }
        foreach ($loader->getPrefixes() as $prefix => $folders) {
            $loader->add($prefix, $moved($folders));
        }
        $loader->addPsr4('', $moved($loader->getFallbackDirsPsr4()));
        // A class map that claims to be complete knows nothing of those folders.
        $loader->setClassMapAuthoritative(false);
    }

    /** Without `..`; realpath() would want the folder to exist. */
    private static function plainPath(string $path): string
    {
        $parts = [];
        foreach (\explode('/', $path) as $part) {
            if ($part === '..') {
                \array_pop($parts);
            } elseif ($part !== '' && $part !== '.') {
                $parts[] = $part;
            }
        }
        return '/' . \implode('/', $parts);
    }
}
