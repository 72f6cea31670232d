import { type Theme, setTheme, theme } from "../state/theme";
import { Moon, Screen, Sun } from "../ui/icons";

const options: { value: Theme; label: string; Icon: typeof Sun }[] = [
  { value: "system", label: "Follow the system", Icon: Screen },
  { value: "light", label: "Light", Icon: Sun },
  { value: "dark", label: "Dark", Icon: Moon },
];

export function ThemeSwitch() {
  return (
    <div class="segments" role="group" aria-label="Theme">
      {options.map(({ value, label, Icon }) => (
        <button key={value} type="button" aria-label={label} title={label} aria-pressed={theme.value === value} onClick={() => setTheme(value)}>
          <Icon size={15} />
        </button>
      ))}
    </div>
  );
}
