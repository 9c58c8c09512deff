import Tensor

// An operation of one's own: its value, and how derivatives go back through it.
func square(_ x: Variable) -> Variable {
    let value = x.value
    return x.tape.record((x * x).value, operands: x.id) { [id = x.id] upstream, adjoints in
        var gradient = upstream
        // d(x²) = 2 x dx
        gradient.withMutableElements { g in
            value.withElements { v in for i in g.indices { g[i] *= 2 * v[i] } }
        }
        adjoints.add(gradient, to: id)
    }
}

let (value, gradients) = valueAndGradient(at: [Tensor([1, 2, 3])]) { x in sum(square(x[0])) }
precondition(value == 14 && gradients[0] == Tensor([2, 4, 6]))
print("Σ x² = \(value), gradient \(gradients[0].elements)")
