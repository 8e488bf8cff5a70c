using AIaaS.EventStore;

namespace Domain.Tests;

/// <summary>One situation: the events that happened, and what a command then does.</summary>
public abstract class Given<TState>
    where TState : IState<TState>
{
    /// <summary>What happened before.</summary>
    protected abstract object[] Events { get; }

    /// <summary>The fold of it.</summary>
    protected TState State => Events.Aggregate(TState.Initial, (state, @event) => state.Evolve(@event));

    /// <summary>What the state decides.</summary>
    protected Outcome When(Func<TState, Decision> decide) => new(decide(State));

    /// <summary>What was decided.</summary>
    protected readonly record struct Outcome(Decision Decision)
    {
        public void Then(params object[] expected)
        {
            Decision.Error.Should().BeNull();
            Decision.Events.Should().Equal(expected);
        }

        public void ThenNothing() => Then();

        public void ThenRefused(DomainError expected) => Decision.Error.Should().Be(expected);
    }
}
