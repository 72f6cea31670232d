import { Component, type FunctionComponent, type VNode } from "preact";

/* Keeps a component's output until `same` says its properties differ. (preact/compat has one too, with the rest of React.) */
export function memo<P extends object>(render: (props: P) => VNode | null, same: (a: P, b: P) => boolean): FunctionComponent<P> {
  class Memo extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      return !same(this.props as P, next as P);
    }
    override render() {
      return render(this.props as P);
    }
  }
  return Memo as unknown as FunctionComponent<P>;
}
